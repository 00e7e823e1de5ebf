/** Counts hits per key in fixed windows. Two limiters never share a prefix, so never a count. */
export interface Counter {
  /** Adds one hit. The window starts with the first hit of the key. */
  increment(key: string): Promise<{ hits: number; resetsAt: number }>;
  /** Hits so far without adding one. */
  peek(key: string): Promise<{ hits: number; resetsAt: number }>;
  /** Forgets the key. */
  reset(key: string): Promise<void>;
}

export interface CounterOptions {
  /** Name of the limiter, part of every key. */
  readonly prefix: string;
  readonly windowMs: number;
}
