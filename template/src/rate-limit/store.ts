import type { Kysely } from 'kysely';
import type { Schema } from '../database/schema.ts';
import type { UpkeepTask } from '../database/upkeep-task.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';
import type { Counter, CounterOptions, LimitCounter, LimitOptions } from './counter.ts';

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

/** A store of counts. `chosen.ts` names the store of this project. */
export interface CounterStore {
  createCounter(options: CounterOptions, needs: StoreNeeds): Counter;
  createLimitCounter(options: LimitOptions, needs: LimitNeeds): LimitCounter;
  /** Removes counts whose window has ended. */
  readonly upkeep: readonly UpkeepTask[];
}
