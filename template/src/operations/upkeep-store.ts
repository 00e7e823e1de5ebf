import type { Kysely } from 'kysely';
import type { Schema } from '../database/schema.ts';

/**
 * Takes the lock of the upkeep, or prolongs it. A row with an end needs no open transaction during the work, and a
 * process that was killed holds it no longer than until that end.
 *
 * @returns false while another process has the lock
 */
export async function holdUpkeepLock(
  database: Kysely<Schema>,
  { holder, now, until }: { readonly holder: string; readonly now: number; readonly until: number },
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('job_locks')
    .set({ holder, held_until: until })
    .where('name', '=', 'upkeep')
    .where((match) => match.or([match('held_until', '<=', now), match('holder', '=', holder)]))
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** Does nothing when another process has taken the lock meanwhile. */
export async function releaseUpkeepLock(database: Kysely<Schema>, holder: string): Promise<void> {
  await database.updateTable('job_locks').set({ held_until: 0 }).where('name', '=', 'upkeep').where('holder', '=', holder).execute();
}
