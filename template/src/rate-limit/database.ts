import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Counter, CounterOptions } from './counter.ts';
import { createLimitCounter } from './guarded.ts';
import type { CounterStore, StoreNeeds } from './store.ts';

/** Maximum number of rows that one statement deletes. */
const PORTION = 500;

/** Counts in the database: all processes share one count, and a restart keeps it. */
function createCounter(options: CounterOptions, { clock, database }: StoreNeeds): Counter {
  const { prefix, windowMs } = options;
  let nextSweep = clock() + windowMs;

  // Keys are addresses and accounts. They are hashed, so that the table contains no personal data.
  const rowKey = (key: string) => `${prefix}:${createHash('sha256').update(key).digest('base64url')}`;

  /** In portions: after an attack from many addresses a single statement would exceed its time limit each time. */
  async function sweep(now: number): Promise<void> {
    nextSweep = now + windowMs;
    for (;;) {
      const over = database.selectFrom('rate_limits').select('key').where('resets_at', '<=', now).limit(PORTION);
      const { numDeletedRows } = await database.deleteFrom('rate_limits').where('key', 'in', over).executeTakeFirstOrThrow();
      if (Number(numDeletedRows) < PORTION) return;
      await nextTurn();
    }
  }

  return {
    async increment(key, hits = 1) {
      const now = clock();
      // In the background, so that this request does not wait. If the sweep fails, the count below fails too and is logged.
      if (now >= nextSweep) sweep(now).catch(() => undefined);
      // A single statement: with a read and a separate write, parallel requests would be counted as one hit.
      const row = await database
        .insertInto('rate_limits')
        .values({ key: rowKey(key), hits, resets_at: now + windowMs })
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet((eb) => ({
            hits: eb
              .case()
              .when('rate_limits.resets_at', '<=', now)
              .then(hits)
              .else(eb('rate_limits.hits', '+', hits))
              .end(),
            resets_at: eb
              .case()
              .when('rate_limits.resets_at', '<=', now)
              .then(eb.ref('excluded.resets_at'))
              .else(eb.ref('rate_limits.resets_at'))
              .end(),
          })),
        )
        .returning(['hits', 'resets_at'])
        .executeTakeFirstOrThrow();
      return { hits: row.hits, resetsAt: row.resets_at };
    },
    async peek(key) {
      const now = clock();
      const row = await database
        .selectFrom('rate_limits')
        .select(['hits', 'resets_at'])
        .where('key', '=', rowKey(key))
        .where('resets_at', '>', now)
        .executeTakeFirst();
      return row ? { hits: row.hits, resetsAt: row.resets_at } : { hits: 0, resetsAt: now + windowMs };
    },
    async reset(key) {
      await database.deleteFrom('rate_limits').where('key', '=', rowKey(key)).execute();
    },
  };
}

export const store: CounterStore = { createCounter, createLimitCounter };
