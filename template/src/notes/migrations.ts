import type { Feature } from '../feature.ts';

/** The template creates the table of the sample in `0001_initial`. A feature of yours creates its table here. */
export const migrations: Feature['migrations'] = {};
