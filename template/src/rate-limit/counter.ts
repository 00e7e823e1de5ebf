/** The count of a key, and when its window ends (milliseconds since 1970). */
export interface Tally {
  readonly hits: number;
  readonly resetsAt: number;
}

/** Counts hits per key in fixed windows. Each limiter has its own prefix, so limiters never share counts. */
export interface Counter {
  /**
   * Adds hits. The window starts with the first hit of the key.
   *
   * @param hits number of hits. Default: 1
   */
  increment(key: string, hits?: number): Promise<Tally>;
  /** Returns the count without adding a hit. */
  peek(key: string): Promise<Tally>;
  /** Deletes the count of the key. */
  reset(key: string): Promise<void>;
}

export interface CounterOptions {
  /** Name of the limiter, part of every key. */
  readonly prefix: string;
  readonly windowMs: number;
}

/** Counts for a limiter that refuses every hit after the first `limit`. It never rejects. */
export type LimitCounter = Pick<Counter, 'increment'>;

export interface LimitOptions extends CounterOptions {
  readonly limit: number;
}
