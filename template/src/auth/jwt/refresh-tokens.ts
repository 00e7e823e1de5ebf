import type { Kysely, Transaction } from 'kysely';
import type { RefreshTokenRow, Schema } from '../../database/schema.ts';
import { hashOpaqueToken } from '../../crypto/opaque-token.ts';
import { createRefreshTokenSeal } from './refresh-token-seal.ts';

/** A session ends when it was not refreshed for this long, in milliseconds. */
const IDLE_MS = 7 * 86_400_000;
/** Maximum number of expired rows that one refresh deletes. */
const PORTION = 100;

export interface Rotation {
  readonly userId: string;
  readonly sessionId: string;
  readonly refreshToken: string;
}

/** A token was used a second time: two parties have it, and one of them stole it. */
export interface Reuse {
  readonly reusedSessionId: string;
}

export interface RefreshTokens {
  /** Gives the session its first refresh token. */
  issue(transaction: Transaction<Schema>, sessionId: string, now: number): Promise<string>;
  /**
   * Exchanges a refresh token for its successor. If the token was used before, its session ends.
   *
   * @returns undefined when the token is unknown or expired, or its session has ended
   */
  rotate(token: string, now: number): Promise<Rotation | Reuse | undefined>;
}

/**
 * Stores the hash of the newest refresh token of each session. Used tokens have no row; they are recognised by their seal.
 * Source: RFC 9700, 4.14.2; ASVS 5.0 V10.4.5; docs/security.md, "Refresh tokens rotate".
 */
export function createRefreshTokens(database: Kysely<Schema>, secret: Uint8Array): RefreshTokens {
  const seal = createRefreshTokenSeal(secret);

  async function issue(transaction: Transaction<Schema>, sessionId: string, now: number): Promise<string> {
    const token = seal.create(sessionId);
    await transaction
      .insertInto('refresh_tokens')
      .values({ token_hash: hashOpaqueToken(token), session_id: sessionId, expires_at: now + IDLE_MS, used_at: null })
      .execute();
    return token;
  }

  /** @returns the successor; undefined when the token is not the newest of its session */
  async function succeed(
    transaction: Transaction<Schema>,
    { hash, sessionId, isSealed }: Presented,
    now: number,
  ): Promise<string | undefined> {
    // A used token without a seal keeps its row, because it could not be recognised otherwise.
    if (!isSealed) return (await spend(transaction, hash, { used_at: now }, now)) ? issue(transaction, sessionId, now) : undefined;
    const token = seal.create(sessionId);
    const successor = { token_hash: hashOpaqueToken(token), expires_at: now + IDLE_MS };
    return (await spend(transaction, hash, successor, now)) ? token : undefined;
  }

  const rotate: RefreshTokens['rotate'] = (token, now) =>
    database.transaction().execute(async (transaction) => {
      const hash = hashOpaqueToken(token);
      const sealedFor = seal.sessionOf(token);
      const session = await lockSession(transaction, hash, sealedFor, now);
      if (!session) return undefined;
      const presented = { hash, sessionId: session.id, isSealed: sealedFor !== undefined };
      const refreshToken = await succeed(transaction, presented, now);
      if (refreshToken !== undefined) {
        await removeExpired(transaction, session.id, now);
        return { userId: session.user_id, sessionId: session.id, refreshToken };
      }
      if (!(await wasUsed(transaction, presented))) return undefined;
      await transaction.updateTable('sessions').set({ revoked_at: now }).where('id', '=', session.id).execute();
      return { reusedSessionId: session.id };
    });

  return { issue, rotate };
}

/** A token of an open session, found by its row or by its seal. */
interface Presented {
  readonly hash: string;
  readonly sessionId: string;
  readonly isSealed: boolean;
}

/**
 * Locks the row of the session, so that a refresh and a logout at the same moment cannot both succeed. A token without
 * a seal must have a row: otherwise anyone who knows the id of a session could end it.
 */
async function lockSession(
  transaction: Transaction<Schema>,
  hash: string,
  sealedFor: string | undefined,
  now: number,
): Promise<{ id: string; user_id: string } | undefined> {
  const id = sealedFor ?? (await sessionOfRow(transaction, hash));
  if (id === undefined) return undefined;
  const named = transaction.updateTable('sessions').set({ last_seen_at: now }).where('id', '=', id);
  const open = named.where('revoked_at', 'is', null).where('expires_at', '>', now);
  if ((await open.executeTakeFirstOrThrow()).numUpdatedRows !== 1n) return undefined;
  return transaction.selectFrom('sessions').select(['id', 'user_id']).where('id', '=', id).executeTakeFirstOrThrow();
}

async function sessionOfRow(transaction: Transaction<Schema>, hash: string): Promise<string | undefined> {
  const row = await transaction.selectFrom('refresh_tokens').select('session_id').where('token_hash', '=', hash).executeTakeFirst();
  return row?.session_id;
}

/** A single statement, so that only one of two requests at the same moment gets the successor. */
async function spend(transaction: Transaction<Schema>, hash: string, change: Partial<RefreshTokenRow>, now: number): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('refresh_tokens')
    .set(change)
    .where('token_hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

async function wasUsed(transaction: Transaction<Schema>, { hash, isSealed }: Presented): Promise<boolean> {
  const row = await transaction.selectFrom('refresh_tokens').select('used_at').where('token_hash', '=', hash).executeTakeFirst();
  return row === undefined ? isSealed : row.used_at !== null;
}

/** Rows of used tokens without a seal are needed only until the tokens expire. */
async function removeExpired(transaction: Transaction<Schema>, sessionId: string, now: number): Promise<void> {
  const expired = transaction
    .selectFrom('refresh_tokens')
    .select('token_hash')
    .where('session_id', '=', sessionId)
    .where('expires_at', '<=', now)
    .limit(PORTION);
  await transaction.deleteFrom('refresh_tokens').where('token_hash', 'in', expired).execute();
}
