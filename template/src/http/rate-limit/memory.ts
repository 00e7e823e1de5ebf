import type { Services } from '../../services.ts';
import type { Counter, CounterOptions, LimitCounter, LimitOptions } from './counter.ts';
import { createWindows } from './windows.ts';

/** Counts in this process: fast, but each process counts for itself, and a restart resets the counts. */
export function createCounter({ windowMs }: CounterOptions, { clock }: Pick<Services, 'clock'>): Counter {
  const windows = createWindows(windowMs, clock);
  return {
    increment: (key, hits = 1) => Promise.resolve({ ...windows.hit(key, hits) }),
    peek: (key) => Promise.resolve({ ...windows.peek(key) }),
    reset: (key) => {
      windows.forget(key);
      return Promise.resolve();
    },
  };
}

/** A count in this process can neither fail nor be slow, so a limiter uses it directly. */
export const createLimitCounter: (options: LimitOptions, services: Pick<Services, 'clock'>) => LimitCounter = createCounter;
