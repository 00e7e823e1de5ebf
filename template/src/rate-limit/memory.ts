import type { Counter, CounterOptions } from './counter.ts';
import type { CounterStore, StoreNeeds } from './store.ts';
import { createWindows } from './windows.ts';

/** Counts in this process: fast, but each process counts for itself, and a restart resets the counts. */
function createCounter({ windowMs }: CounterOptions, { clock }: Pick<StoreNeeds, 'clock'>): Counter {
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
export const store: CounterStore = { createCounter, createLimitCounter: createCounter, upkeep: [] };
