import type { Services } from '../../services.ts';
import type { Counter, CounterOptions } from './counter.ts';

/** Most keys one limiter remembers: an attacker with many addresses must not fill the memory. */
const MAX_KEYS = 100_000;

interface Window {
  hits: number;
  resetsAt: number;
}

/** Counts in this process: fastest, forgotten by a restart, and each further process counts for itself. */
export function createCounter({ windowMs }: CounterOptions, { clock }: Pick<Services, 'clock'>): Counter {
  const windows = new Map<string, Window>();
  let nextSweep = clock() + windowMs;

  function current(key: string): Window {
    const now = clock();
    if (now >= nextSweep || windows.size >= MAX_KEYS) {
      sweep(windows, now);
      nextSweep = now + windowMs;
    }
    const window = windows.get(key);
    return window !== undefined && window.resetsAt > now ? window : { hits: 0, resetsAt: now + windowMs };
  }

  return {
    increment(key) {
      const window = current(key);
      window.hits += 1;
      windows.set(key, window);
      return Promise.resolve({ ...window });
    },
    peek: (key) => Promise.resolve({ ...current(key) }),
    reset(key) {
      windows.delete(key);
      return Promise.resolve();
    },
  };
}

/** Drops windows that are over and, if that is not enough, the oldest tenth. */
function sweep(windows: Map<string, Window>, now: number): void {
  for (const [key, window] of windows) {
    if (window.resetsAt <= now) windows.delete(key);
  }
  if (windows.size < MAX_KEYS) return;
  for (const key of windows.keys()) {
    windows.delete(key);
    if (windows.size < 0.9 * MAX_KEYS) return;
  }
}
