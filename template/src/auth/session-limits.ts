import type { Transaction } from 'kysely';
import type { Schema } from '../database/schema.ts';
import type { RequestContext } from '../http/request-context.ts';

/** Sessions that one account may have open. */
export const MAX_PER_USER = 10;
/** Ended sessions of one account that stay, the newest ones, and how long at most, in milliseconds. */
const KEPT_ENDED = 40;
const KEPT_AFTER_END_MS = 86_400_000;
/** Rows that one sign-in removes: somebody who piled up a million must not stop everybody else by signing in once. */
const SESSIONS_PORTION = 100;
const TOKENS_PORTION = 500;

/** Ends the sessions used longest ago, so that there is room for one more. */
export async function endOldestSessions(transaction: Transaction<Schema>, userId: string, context: RequestContext, now: number): Promise<void> {
  const open = await transaction
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .orderBy('last_seen_at', 'desc')
    .orderBy('id')
    .execute();
  const surplus = open.slice(MAX_PER_USER - 1).map(({ id }) => id);
  if (surplus.length === 0) return;
  await transaction.updateTable('sessions').set({ revoked_at: now }).where('id', 'in', surplus).execute();
  context.audit('excess_sessions_exceeded', { userId });
}

/** Removes a portion of the sessions that nobody needs any more, with their refresh tokens. The next sign-in removes the next one. */
export async function forgetOldSessions(transaction: Transaction<Schema>, userId: string, now: number): Promise<void> {
  const old = [...(await overdue(transaction, userId, now)), ...(await surplusEnded(transaction, userId))].map(({ id }) => id);
  if (old.length === 0) return;
  const tokens = transaction.selectFrom('refresh_tokens').select('token_hash').where('session_id', 'in', old).limit(TOKENS_PORTION);
  await transaction.deleteFrom('refresh_tokens').where('token_hash', 'in', tokens).execute();
  await transaction
    .deleteFrom('sessions')
    .where('id', 'in', old)
    // Deleting a session deletes the tokens it still has, however many.
    .where((eb) => eb.not(eb.exists(eb.selectFrom('refresh_tokens').select('token_hash').whereRef('session_id', '=', 'sessions.id'))))
    .execute();
}

const overdue = (transaction: Transaction<Schema>, userId: string, now: number): Promise<{ id: string }[]> =>
  transaction
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .where((match) => match.or([match('expires_at', '<', now), match('revoked_at', '<', now - KEPT_AFTER_END_MS)]))
    .limit(SESSIONS_PORTION)
    .execute();

const surplusEnded = (transaction: Transaction<Schema>, userId: string): Promise<{ id: string }[]> =>
  transaction
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .where('revoked_at', 'is not', null)
    .orderBy('revoked_at', 'desc')
    .orderBy('id')
    .offset(KEPT_ENDED)
    .limit(SESSIONS_PORTION)
    .execute();
