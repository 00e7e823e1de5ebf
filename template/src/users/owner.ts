import type { Transaction } from 'kysely';
import type { Principal } from '../access/principal.ts';
import { driver } from '../database/chosen.ts';
import type { Schema } from '../database/schema.ts';

/**
 * Locks the owner until the transaction ends. Without the lock, parallel requests would all count the same rows, and all
 * of them would be within the quota.
 *
 * @returns false when the account was disabled or deleted during the request
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
