import type { Transaction } from 'kysely';
import type { Principal } from '../access/principal.ts';
import { driver } from '../database/chosen.ts';
import type { Schema } from '../database/schema.ts';
import { unauthenticated } from '../http/problem.ts';

/**
 * Locks the owner until the transaction ends. Without the lock, parallel requests would all count the same rows, and all
 * of them would be within the quota.
 *
 * @throws Problem 401 when the account was disabled or deleted after its request was authenticated
 */
export async function lockOwner(transaction: Transaction<Schema>, { userId }: Principal): Promise<void> {
  const owner = await transaction
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .where('disabled_at', 'is', null)
    .$if(driver.supportsRowLocks, (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
  if (!owner) throw unauthenticated('invalid-token');
}
