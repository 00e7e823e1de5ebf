import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../../database/schema.ts';
import { createOpaqueToken, hashOpaqueToken } from '../opaque-token.ts';

/** A session that is not used this long ends, in milliseconds. */
const IDLE_MS = 7 * 86_400_000;

export interface Rotation {
  readonly userId: string;
  readonly sessionId: string;
  readonly refreshToken: string;
}

/** A token that was used before: two parties hold it, and one of them stole it. */
export interface Reuse {
  readonly reusedSessionId: string;
}

/** Gives the session a refresh token. Only its hash is kept. */
export async function issueRefreshToken(transaction: Transaction<Schema>, sessionId: string, now: number): Promise<string> {
  const token = createOpaqueToken();
  await transaction
    .insertInto('refresh_tokens')
    .values({ token_hash: hashOpaqueToken(token), session_id: sessionId, expires_at: now + IDLE_MS, used_at: null })
    .execute();
  return token;
}

/**
 * Exchanges a refresh token for its successor. A token that was used before ends its whole family.
 * Source: RFC 9700, 4.14.2; ASVS 5.0 V10.4.5.
 *
 * @returns undefined when the token is unknown or expired, or its session has ended
 */
export function rotateRefreshToken(database: Kysely<Schema>, token: string, now: number): Promise<Rotation | Reuse | undefined> {
  const hash = hashOpaqueToken(token);
  return database.transaction().execute(async (transaction) => {
    const session = await lockSession(transaction, hash, now);
    if (!session) return undefined;
    if (await markUsed(transaction, hash, now)) {
      const refreshToken = await issueRefreshToken(transaction, session.id, now);
      return { userId: session.user_id, sessionId: session.id, refreshToken };
    }
    if (!(await wasUsed(transaction, hash))) return undefined;
    await transaction.updateTable('sessions').set({ revoked_at: now }).where('id', '=', session.id).execute();
    return { reusedSessionId: session.id };
  });
}

/** Everything about a family hangs on its session's row, so a refresh and a sign-out cannot both win. */
function lockSession(transaction: Transaction<Schema>, hash: string, now: number): Promise<{ id: string; user_id: string } | undefined> {
  return transaction
    .updateTable('sessions')
    .set({ last_seen_at: now })
    .where('id', '=', (subquery) => subquery.selectFrom('refresh_tokens').select('session_id').where('token_hash', '=', hash))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .returning(['id', 'user_id'])
    .executeTakeFirst();
}

async function markUsed(transaction: Transaction<Schema>, hash: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('refresh_tokens')
    .set({ used_at: now })
    .where('token_hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

async function wasUsed(transaction: Transaction<Schema>, hash: string): Promise<boolean> {
  const row = await transaction.selectFrom('refresh_tokens').select('used_at').where('token_hash', '=', hash).executeTakeFirst();
  return row !== undefined && row.used_at !== null;
}
