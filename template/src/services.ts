import { randomInt } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Config } from './config/index.ts';
import { createPasswordHasher } from './crypto/password-hasher.ts';
import type { PasswordHasher } from './crypto/password-hasher.ts';
import { openDatabase } from './database/connection.ts';
import type { Schema } from './database/schema.ts';
import type { Counter, CounterOptions } from './rate-limit/counter.ts';
import { createMailer } from './mail/mailer.ts';
import type { Mailer } from './mail/mailer.ts';
import { createLog } from './observability/log.ts';
import type { Log } from './observability/log.ts';
import { createMetrics } from './observability/metrics/chosen.ts';
import type { Metrics } from './observability/metrics/metrics.ts';
import { store } from './rate-limit/chosen.ts';

/** Everything that features use. State is kept here, never in a module. */
export interface Services {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly database: Kysely<Schema>;
  readonly mailer: Mailer;
  readonly passwords: PasswordHasher;
  /** Now, in milliseconds since 1970. */
  readonly clock: () => number;
  readonly counter: (options: CounterOptions) => Counter;
  /** Runs the work a random pause after the response, so that its time is not visible to the client. Failures are logged. */
  readonly runInBackground: (name: string, work: () => Promise<void>) => void;
  /** Waits for the work of `runInBackground`, then closes the database. */
  readonly close: () => Promise<void>;
}

/** Services that a test may replace. */
export type ServiceOverrides = Partial<Pick<Services, 'clock' | 'log' | 'mailer' | 'metrics'>>;

/** Creates all services. It opens no connection yet. */
export function createServices(config: Config, overrides: ServiceOverrides = {}): Services {
  const log = overrides.log ?? createLog({ level: config.logLevel });
  const clock = overrides.clock ?? Date.now;
  const mailer = overrides.mailer ?? createMailer(config);
  const database = openDatabase({ databaseUrl: config.databaseUrl, log });
  const { runInBackground, backgroundDone } = createBackground(log);
  return {
    config,
    log,
    clock,
    mailer,
    database,
    metrics: overrides.metrics ?? createMetrics(),
    passwords: createPasswordHasher(config.bcryptCost),
    counter: counters((options) => store.createCounter(options, { clock, database })),
    runInBackground,
    close: async () => {
      await backgroundDone();
      await database.destroy();
    },
  };
}

/** One counter for each prefix: callers with the same prefix share its counts, as they do in the database. */
function counters(create: Services['counter']): Services['counter'] {
  const byPrefix = new Map<string, Counter>();
  return (options) => {
    const counter = byPrefix.get(options.prefix) ?? create(options);
    byPrefix.set(options.prefix, counter);
    return counter;
  };
}

/**
 * Milliseconds between a response and the work of `runInBackground`. The work runs on the same thread as all requests. Without a
 * pause it would delay the next response, and that delay would show what the first response hides.
 */
const PAUSE_MS = { min: 50, max: 500 };

function createBackground(log: Log): { runInBackground: Services['runInBackground']; backgroundDone: () => Promise<void> } {
  const running = new Set<Promise<void>>();
  const pausing = new Set<() => void>();
  let closing = false;

  async function pause(): Promise<void> {
    if (closing) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(begin, randomInt(PAUSE_MS.min, PAUSE_MS.max)).unref();
      function begin(): void {
        clearTimeout(timer);
        pausing.delete(begin);
        resolve();
      }
      pausing.add(begin);
    });
  }

  async function run(name: string, work: () => Promise<void>): Promise<void> {
    await pause();
    try {
      await work();
    } catch (error) {
      log.error('background_work_failed', { work: name, error });
    }
  }

  return {
    runInBackground: (name, work) => {
      const task = run(name, work).finally(() => running.delete(task));
      running.add(task);
    },
    backgroundDone: async () => {
      closing = true;
      for (const begin of pausing) begin();
      // Work may call `runInBackground` again, for example to send a mail.
      while (running.size > 0) await Promise.all(running);
    },
  };
}
