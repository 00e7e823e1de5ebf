import type { Kysely, Transaction } from 'kysely';
import { endOneTimeTokens } from '../auth/one-time-tokens.ts';
import { endSessions } from '../auth/sessions.ts';
import { deleteOwned } from '../database/portions.ts';
import type { Schema } from '../database/schema.ts';
import { OWNED_BY_USER } from './owned-rows.ts';

/**
 * First step of a deletion: ends access for good, frees the e-mail address and removes what names the person. What is
 * left goes in portions, and must not grow meanwhile.
 */
export async function closeAccount(transaction: Transaction<Schema>, userId: string, now: number): Promise<void> {
  await transaction
    .updateTable('users')
    // No address is an id, so the column stays unique.
    .set({ email: userId, display_name: '', password_hash: null, disabled_at: now, deleted_at: now })
    .where('id', '=', userId)
    .execute();
  await endSessions(transaction, { userId, now });
  await endOneTimeTokens(transaction, userId);
}

/** Second step: everything of a closed account, then the account. Whoever is interrupted leaves the rest to `finishDeletions`. */
export async function finishDeletion(database: Kysely<Schema>, userId: string): Promise<void> {
  await deleteOwned(database, OWNED_BY_USER, [userId]);
  await database.deleteFrom('users').where('id', '=', userId).where('deleted_at', 'is not', null).execute();
}

/** Finishes what a stop or an error has interrupted. */
export async function finishDeletions(database: Kysely<Schema>): Promise<void> {
  const closed = await database.selectFrom('users').select('id').where('deleted_at', 'is not', null).execute();
  for (const { id } of closed) await finishDeletion(database, id);
}
