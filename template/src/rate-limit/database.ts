import { createHash } from 'node:crypto';
import { removalTask } from '../database/upkeep-task.ts';
import type { Counter, CounterOptions } from './counter.ts';
import { createLimitCounter } from './guarded.ts';
import type { CounterStore, StoreNeeds } from './store.ts';

/** Counts in the database: all processes share one count, and a restart keeps it. */
function createCounter(options: CounterOptions, { clock, database }: StoreNeeds): Counter {
  const { prefix, windowMs } = options;

  // Keys are addresses and accounts. They are hashed, so that the table contains no personal data.
  const rowKey = (key: string) => `${prefix}:${createHash('sha256').update(key).digest('base64url')}`;

  return {
    async increment(key, hits = 1) {
      const now = clock();
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

const endedLimits = removalTask({
  name: 'ended-limits',
  find: async ({ database, now }, limit) => {
    const ended = await database.selectFrom('rate_limits').select('key').where('resets_at', '<=', now).limit(limit).execute();
    return ended.map(({ key }) => key);
  },
  remove: ({ database, now }, keys) =>
    // The end again: meanwhile a hit may have started a new window in the same row.
    database.deleteFrom('rate_limits').where('key', 'in', keys).where('resets_at', '<=', now).execute(),
});

export const store: CounterStore = { createCounter, createLimitCounter, upkeep: [endedLimits] };
