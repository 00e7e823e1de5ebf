/** What was counted for a key, and when its window ends (milliseconds since 1970). */
export interface Tally {
  readonly hits: number;
  readonly resetsAt: number;
}

/** Counts hits per key in fixed windows. Two limiters never share a prefix, so never a count. */
export interface Counter {
  /**
   * Adds hits. The window starts with the first hit of the key.
   *
   * @param hits how many. Default: 1
   */
  increment(key: string, hits?: number): Promise<Tally>;
  /** Hits so far without adding one. */
  peek(key: string): Promise<Tally>;
  /** Forgets the key. */
  reset(key: string): Promise<void>;
}

export interface CounterOptions {
  /** Name of the limiter, part of every key. */
  readonly prefix: string;
  readonly windowMs: number;
}

/** Counts for a limiter that refuses every hit after the first `limit`. It always answers: it never rejects. */
export type LimitCounter = Pick<Counter, 'increment'>;

export interface LimitOptions extends CounterOptions {
  readonly limit: number;
}
