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
    // An id is never an e-mail address, so the column stays unique.
    .set({ email: userId, display_name: '', password_hash: null, disabled_at: now, deleted_at: now })
    .where('id', '=', userId)
    .execute();
  await endSessions(transaction, { userId, now });
  await endOneTimeTokens(transaction, userId);
}

/** Second step: deletes all rows of a closed account, then the account. After an interruption `finishDeletions` continues. */
export async function finishDeletion(database: Kysely<Schema>, owned: readonly Owned[], userId: string): Promise<void> {
  await deleteOwned(database, owned, [userId]);
  await database.deleteFrom('users').where('id', '=', userId).where('deleted_at', 'is not', null).execute();
}

/** Finishes deletions that a stop or an error has interrupted. */
export async function finishDeletions(database: Kysely<Schema>, owned: readonly Owned[]): Promise<void> {
  const closed = await database.selectFrom('users').select('id').where('deleted_at', 'is not', null).execute();
  for (const { id } of closed) await finishDeletion(database, owned, id);
}
