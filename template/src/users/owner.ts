import type { Transaction } from 'kysely';
import type { Principal } from '../access/principal.ts';
import { driver } from '../database/chosen.ts';
import type { Schema } from '../database/schema.ts';

/**
 * Makes whoever else counts or adds rows of this owner wait for the end of the transaction: parallel requests would
 * all count the same rows and all pass a quota.
 *
 * @returns false when the account was disabled or deleted a moment ago
 */
export async function lockOwner(transaction: Transaction<Schema>, { userId }: Principal): Promise<boolean> {
  const owner = await transaction
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .where('disabled_at', 'is', null)
    .$if(driver.supportsRowLocks, (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
  return owner !== undefined;
}
