import type { Feature } from './feature.ts';
import { notes } from './notes/feature.ts';

/** The features of this project. This file is yours: updates of the template never change it. */
export const features: readonly Feature[] = [notes];
