import type { Transaction } from 'kysely';
import type { Owned } from '../database/portions.ts';
import type { Schema } from '../database/schema.ts';
import type { RequestContext } from '../http/request-context.ts';

/** Maximum number of open sessions of one account. */
export const MAX_PER_USER = 10;
/** The newest ended sessions of an account stay stored: at most this many, and at most this long, in milliseconds. */
const KEPT_ENDED = 40;
export const KEPT_AFTER_END_MS = 86_400_000;
/** Maximum number of rows that one sign-in deletes: a million of them in one transaction would block other requests. */
const SESSIONS_PORTION = 100;
const TOKENS_PORTION = 500;

/** Rows that are deleted with a session. */
export const SESSION_ROWS: readonly Owned[] = [{ table: 'refresh_tokens', key: 'token_hash', owner: 'session_id', largestRow: 500 }];

/** Ends the sessions that were used longest ago, so that one more session is within the limit. */
export async function endOldestSessions(
  transaction: Transaction<Schema>,
  userId: string,
  context: RequestContext,
  now: number,
): Promise<void> {
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

/** Deletes a portion of the ended sessions beyond the newest ones. The next sign-in deletes the next portion. */
export async function forgetSurplusSessions(transaction: Transaction<Schema>, userId: string): Promise<void> {
  const surplus = (await surplusEnded(transaction, userId)).map(({ id }) => id);
  if (surplus.length === 0) return;
  const tokens = transaction.selectFrom('refresh_tokens').select('token_hash').where('session_id', 'in', surplus).limit(TOKENS_PORTION);
  await transaction.deleteFrom('refresh_tokens').where('token_hash', 'in', tokens).execute();
  await transaction
    .deleteFrom('sessions')
    .where('id', 'in', surplus)
    // Only sessions without tokens: deleting a session would delete all its tokens in one statement, however many.
    .where((eb) => eb.not(eb.exists(eb.selectFrom('refresh_tokens').select('token_hash').whereRef('session_id', '=', 'sessions.id'))))
    .execute();
}

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
