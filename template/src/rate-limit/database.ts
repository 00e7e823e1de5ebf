import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { driver } from '../database/chosen.ts';
import { compiledQuery } from '../database/compiled-query.ts';
import type { RateLimitRow, Schema } from '../database/schema.ts';
import { removalTask } from '../database/upkeep-task.ts';
import type { Counter, CounterOptions, Tally } from './counter.ts';
import { createLimitCounter } from './guarded.ts';
import type { CounterStore, StoreNeeds } from './store.ts';

type Row = Pick<RateLimitRow, 'hits' | 'resets_at'>;

const tallyOf = ([row]: readonly Row[], empty: Tally): Tally => (row ? { hits: row.hits, resetsAt: row.resets_at } : empty);

/** Queries of every request, compiled once. */
const compileQueries = (database: Kysely<Schema>) => ({
  add: driver.compileHitCount(database),
  read: compiledQuery<{ key: string; now: number }, Row>(database, (bind) =>
    database.selectFrom('rate_limits').select(['hits', 'resets_at']).where('key', '=', bind('key')).where('resets_at', '>', bind('now')),
  ),
  remove: compiledQuery<{ key: string }, never>(database, (bind) => database.deleteFrom('rate_limits').where('key', '=', bind('key'))),
});

/** Counts in the database: all processes share one count, and a restart keeps it. */
function createCounter(options: CounterOptions, { clock, database }: StoreNeeds): Counter {
  const { prefix, windowMs } = options;
  const queries = compileQueries(database);

  // Keys are addresses and accounts. They are hashed, so that the table contains no personal data.
  const rowKey = (key: string) => `${prefix}:${createHash('sha256').update(key).digest('base64url')}`;

  return {
    async increment(key, hits = 1) {
      const now = clock();
      const tally = { hits, resetsAt: now + windowMs };
      return tallyOf(await queries.add({ key: rowKey(key), now, ...tally }), tally);
    },
    async peek(key) {
      const now = clock();
      return tallyOf(await queries.read({ key: rowKey(key), now }), { hits: 0, resetsAt: now + windowMs });
    },
    async reset(key) {
      await queries.remove({ key: rowKey(key) });
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
