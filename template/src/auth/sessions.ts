import { randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Caller, Principal, Profile } from '../access/principal.ts';
import { compiledQuery } from '../database/compiled-query.ts';
import type { Schema, SessionRow } from '../database/schema.ts';
import type { RequestContext } from '../http/request-context.ts';
import { ipPrefix } from '../network/client-address.ts';
import { endOldestSessions, forgetSurplusSessions, MAX_PER_USER } from './session-limits.ts';

const DAY_MS = 86_400_000;
const ABSOLUTE_MS = 30 * DAY_MS;

/**
 * Reads the caller with one query on every request, so that an ended session, a disabled user or a changed role takes
 * effect on the next request, whatever the token says.
 */
export function createCallerReader(database: Kysely<Schema>, clock: () => number) {
  const read = compiledQuery<{ sessionId: string; userId: string; now: number }, Principal & Profile>(database, (bind) =>
    database
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select(['users.id as userId', 'sessions.id as sessionId', 'users.role', 'sessions.authenticated_at as authenticatedAt'])
      .select(['users.email', 'users.display_name as displayName', 'users.created_at as createdAt'])
      .where('sessions.id', '=', bind('sessionId'))
      .where('users.id', '=', bind('userId'))
      .where('sessions.revoked_at', 'is', null)
      .where('sessions.expires_at', '>', bind('now'))
      .where('users.disabled_at', 'is', null)
      .where('users.email_verified_at', 'is not', null),
  );
  return async (sessionId: string, userId: string): Promise<Caller | undefined> => {
    const [row] = await read({ sessionId, userId, now: clock() });
    if (!row) return undefined;
    const { email, displayName, createdAt, ...principal } = row;
    return { principal, profile: { email, displayName, createdAt } };
  };
}

/** Opens a session for a user whose row the transaction has locked, and ends the oldest ones beyond the limit. */
export async function openSession(
  transaction: Transaction<Schema>,
  { userId, context, now }: { readonly userId: string; readonly context: RequestContext; readonly now: number },
): Promise<string> {
  const id = randomUUID();
  await forgetSurplusSessions(transaction, userId);
  await endOldestSessions(transaction, userId, context, now);
  await transaction
    .insertInto('sessions')
    .values({
      id,
      user_id: userId,
      user_agent: context.userAgent.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 200),
      ip_prefix: ipPrefix(context.ip),
      created_at: now,
      authenticated_at: now,
      last_seen_at: now,
      expires_at: now + ABSOLUTE_MS,
      revoked_at: null,
    })
    .execute();
  return id;
}

/**
 * Ends the user's sessions.
 *
 * @param except a session that stays open
 */
export async function endSessions(
  transaction: Transaction<Schema>,
  { userId, now, except = '' }: { readonly userId: string; readonly now: number; readonly except?: string },
): Promise<void> {
  await transaction
    .updateTable('sessions')
    .set({ revoked_at: now })
    .where('user_id', '=', userId)
    .where('id', '!=', except)
    .where('revoked_at', 'is', null)
    .execute();
}

/**
 * Ends one session of the caller.
 *
 * @returns whether the caller had that session; false for sessions of other users too
 */
export async function endOwnSession(principal: Principal, database: Kysely<Schema>, id: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('sessions')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('user_id', '=', principal.userId)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** The caller's open sessions, last used first. */
export async function listOwnSessions(
  principal: Principal,
  database: Kysely<Schema>,
  now: number,
): Promise<Pick<SessionRow, 'created_at' | 'id' | 'ip_prefix' | 'last_seen_at' | 'user_agent'>[]> {
  return database
    .selectFrom('sessions')
    .select(['id', 'created_at', 'last_seen_at', 'ip_prefix', 'user_agent'])
    .where('user_id', '=', principal.userId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .orderBy('last_seen_at', 'desc')
    .orderBy('id')
    .limit(MAX_PER_USER)
    .execute();
}

/** Whether an account has a stored session, open or ended, from this network. */
export async function hasSessionFrom(database: Kysely<Schema>, email: string, network: string): Promise<boolean> {
  const session = await database
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('sessions.id')
    .where('users.email', '=', email)
    .where('sessions.ip_prefix', '=', network)
    .limit(1)
    .executeTakeFirst();
  return session !== undefined;
}

/** Records that the password was checked again in this session. */
export async function confirmSession(transaction: Transaction<Schema>, id: string, now: number): Promise<void> {
  await transaction.updateTable('sessions').set({ authenticated_at: now }).where('id', '=', id).execute();
}
