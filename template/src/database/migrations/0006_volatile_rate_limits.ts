import type { Kysely } from 'kysely';
import { PostgresAdapter, sql } from 'kysely';

/**
 * Counts of rate limits may be lost in a crash: waiting for the disk would take more time than the request that is
 * counted. On SQLite `CachingDatabase` decides for each statement. The database is asked, not `chosen.ts`: copy-data
 * migrates both kinds.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  if (database.getExecutor().adapter instanceof PostgresAdapter) await sql`alter table rate_limits set unlogged`.execute(database);
}
