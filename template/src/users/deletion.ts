import type { Kysely, Transaction } from 'kysely';
import { endOneTimeTokens } from '../auth/one-time-tokens.ts';
import { endSessions } from '../auth/sessions.ts';
import { deleteOwned } from '../database/portions.ts';
import type { Owned } from '../database/portions.ts';
import type { Schema } from '../database/schema.ts';

/**
 * First step of a deletion: ends all access, frees the e-mail address and removes name and password. The other rows are
 * deleted in portions; nobody can add rows any more.
 */
export async function closeAccount(transaction: Transaction<Schema>, userId: string, now: number): Promise<void> {
  await transaction
    .updateTable('users')
    .set((eb) => ({ email: eb.ref('id'), ...closedAt(now) }))
    .where('id', '=', userId)
    .execute();
  await endSessions(transaction, { userId, now });
  await endOneTimeTokens(transaction, userId);
}

/** The row of a closed account; its e-mail address becomes its id, which is never an address, so the column stays unique. */
export const closedAt = (now: number) => ({ display_name: '', password_hash: null, disabled_at: now, deleted_at: now });

/**
 * Second step: deletes all rows of a closed account, then the account. After an interruption the upkeep continues.
 *
 * @param pause see `deleteOwned`
 */
export async function finishDeletion(
  database: Kysely<Schema>,
  owned: readonly Owned[],
  userId: string,
  pause?: () => Promise<void>,
): Promise<void> {
  await deleteOwned(database, owned, [userId], pause);
  await database.deleteFrom('users').where('id', '=', userId).where('deleted_at', 'is not', null).execute();
}
