import { CallerGone } from '../access/principal.ts';
import type { Principal } from '../access/principal.ts';
import { driver } from '../database/chosen.ts';
import type { UnitOfWork } from '../database/unit-of-work.ts';

/**
 * Locks the owner until the unit ends. Without the lock, parallel requests would all count the same rows, and all
 * of them would be within the quota.
 *
 * @throws CallerGone when the account was disabled or deleted after its request was authenticated
 */
export async function lockOwner(unit: UnitOfWork, { userId }: Principal): Promise<void> {
  const owner = await unit
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .where('disabled_at', 'is', null)
    .$if(driver.supportsRowLocks, (query) => query.forNoKeyUpdate())
    .executeTakeFirst();
  if (!owner) throw new CallerGone();
}
