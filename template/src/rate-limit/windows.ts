/** Maximum number of keys of one limiter, so that an attacker with many addresses cannot fill the memory. */
const MAX_KEYS = 100_000;

export interface Window {
  hits: number;
  resetsAt: number;
}

/** Fixed windows by key, in this process, with a maximum number of keys. */
export interface Windows {
  /** Adds hits to the window of the key; the first hit starts the window. */
  hit(key: string, hits: number): Window;
  /** The window of the key; if it has none, an empty one that is not stored. */
  peek(key: string): Window;
  forget(key: string): void;
}

export function createWindows(windowMs: number, clock: () => number): Windows {
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
    hit(key, hits) {
      const window = current(key);
      window.hits += hits;
      windows.set(key, window);
      return window;
    },
    peek: current,
    forget: (key) => {
      windows.delete(key);
    },
  };
}

/** Deletes windows that have ended and, if there are still too many, the oldest tenth. */
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
