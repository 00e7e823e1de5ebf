import type { Kysely } from 'kysely';
import type { Config } from './config.ts';
import type { Schema } from './database/schema.ts';
import type { Log } from './operations/log.ts';
import type { Metrics } from './operations/metrics/metrics.ts';
import type { Counter, CounterOptions } from './http/rate-limit/counter.ts';
import type { Mailer } from './mail/mailer.ts';

/** What every feature is built from. State lives here, never in a module. */
export interface Services {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly database: Kysely<Schema>;
  readonly mailer: Mailer;
  /** Now, in milliseconds since 1970. */
  readonly clock: () => number;
  counter(options: CounterOptions): Counter;
}
