import type { Kysely } from 'kysely';
import { driver } from '../chosen.ts';

/** Counts of rate limits may be lost in a crash: waiting for the disk would take more time than the request that is counted. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await driver.makeVolatile(database, 'rate_limits');
}
