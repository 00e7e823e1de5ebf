import type { Principal } from '../access/principal.ts';
import { createOneTimeTokens } from '../auth/one-time-token-store.ts';
import { createSessions } from '../auth/session-store.ts';
import { deleteOwned } from '../database/portions.ts';
import type { Owned } from '../database/portions.ts';
import { inOneUnit } from '../database/unit-of-work.ts';
import type { Database } from '../database/unit-of-work.ts';
import { isLastAdmin } from './rules.ts';
import { createUsers } from './store.ts';

/**
 * First step of a deletion: ends all access, frees the e-mail address and removes name and password. The other rows are
 * deleted in portions; nobody can add rows any more.
 *
 * @returns false for the last administrator, whose account stays
 */
export function closeOwnAccount(database: Database, principal: Principal, now: number): Promise<boolean> {
  const users = createUsers(database);
  return inOneUnit(database, async (unit) => {
    if (isLastAdmin(await users.lockAdmins(unit), principal.userId)) return false;
    await users.closeOwn(unit, principal, now);
    await createSessions(database).endAll(unit, { userId: principal.userId, now });
    await createOneTimeTokens(database).endAll(unit, principal.userId);
    return true;
  });
}

/**
 * Second step: deletes all rows of a closed account, then the account. After an interruption the upkeep continues.
 *
 * @param pause see `deleteOwned`
 */
export async function finishDeletion(
  database: Database,
  owned: readonly Owned[],
  userId: string,
  pause?: () => Promise<void>,
): Promise<void> {
  await deleteOwned(database, owned, [userId], pause);
  await createUsers(database).remove(userId);
}
