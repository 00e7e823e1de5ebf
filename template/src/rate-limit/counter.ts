import type { Kysely } from 'kysely';
import type { Schema } from '../database/schema.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';

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

export interface StoreNeeds {
  /** Now, in milliseconds since 1970. */
  readonly clock: () => number;
  readonly database: Kysely<Schema>;
}

export interface LimitNeeds {
  readonly clock: () => number;
  /** The counters of the chosen store. */
  readonly counter: (options: CounterOptions) => Counter;
  readonly log: Pick<Log, 'at'>;
  readonly metrics: Pick<Metrics, 'countLimiterFallback'>;
}

/** Where counts are kept. `chosen.ts` names the store of this project. */
export interface CounterStore {
  createCounter(options: CounterOptions, needs: StoreNeeds): Counter;
  createLimitCounter(options: LimitOptions, needs: LimitNeeds): LimitCounter;
}
