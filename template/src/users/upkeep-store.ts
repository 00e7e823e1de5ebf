import type { ExpressionBuilder } from 'kysely';
import type { Owned } from '../database/portions.ts';
import type { Schema } from '../database/schema.ts';
import { removalTask } from '../database/upkeep-task.ts';
import type { UpkeepTask } from '../database/upkeep-task.ts';
import { finishDeletion } from './deletion.ts';
import { closedAt } from './store.ts';

/** Age in milliseconds after which an account that was never verified is removed: 30 days. */
const NEVER_VERIFIED_MS = 30 * 86_400_000;

/** Finishes the deletions of closed accounts. */
export const unfinishedDeletions = (owned: readonly Owned[]): UpkeepTask =>
  removalTask({
    name: 'unfinished-deletions',
    find: async ({ database }, limit) => {
      const closed = await database.selectFrom('users').select('id').where('deleted_at', 'is not', null).limit(limit).execute();
      return closed.map(({ id }) => id);
    },
    remove: async ({ database, pause }, ids) => {
      for (const id of ids) await finishDeletion(database, owned, id, pause);
    },
  });

/**
 * Closes accounts of template version 0.1, which created them at registration, if nobody has verified them for a long
 * time. Nobody can sign in to them. An account with a valid mailed token stays until the token ends. A disabled account
 * stays, because without it the address could register again.
 */
export const neverVerifiedAccounts = removalTask({
  name: 'never-verified-accounts',
  find: async ({ database, now }, limit) => {
    const found = await database.selectFrom('users').select('id').where(isNeverVerified(now)).limit(limit).execute();
    return found.map(({ id }) => id);
  },
  remove: ({ database, now }, ids) =>
    // All conditions again: meanwhile the owner may have verified the address.
    database.updateTable('users').set(closedAt(now)).where('id', 'in', ids).where(isNeverVerified(now)).execute(),
});

function isNeverVerified(now: number) {
  return (eb: ExpressionBuilder<Schema, 'users'>) => {
    const tokens = eb.selectFrom('one_time_tokens').select('token_hash').whereRef('user_id', '=', 'users.id').where('expires_at', '>', now);
    return eb.and([
      eb('email_verified_at', 'is', null),
      eb('created_at', '<=', now - NEVER_VERIFIED_MS),
      eb('disabled_at', 'is', null),
      eb('deleted_at', 'is', null),
      eb.not(eb.exists(tokens)),
    ]);
  };
}
