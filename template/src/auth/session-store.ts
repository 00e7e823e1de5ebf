import type { Caller, Principal, Profile } from '../access/principal.ts';
import { compiledQuery } from '../database/compiled-query.ts';
import type { Owned } from '../database/portions.ts';
import type { SessionRow } from '../database/schema.ts';
import type { Database, UnitOfWork } from '../database/unit-of-work.ts';
import { openCallers, toCaller } from './caller-store.ts';

/** Maximum number of rows that one sign-in deletes: a million of them in one unit would block other requests. */
const SESSIONS_PORTION = 100;
const TOKENS_PORTION = 500;

/** Rows that are deleted with a session. */
export const SESSION_ROWS: readonly Owned[] = [{ table: 'refresh_tokens', key: 'token_hash', owner: 'session_id', largestRow: 500 }];

/** What a user sees of an own session. */
export type OwnSession = Pick<SessionRow, 'created_at' | 'id' | 'ip_prefix' | 'last_seen_at' | 'user_agent'>;

/** Where users are signed in. Times are milliseconds since 1970. */
export interface Sessions {
  /** The caller, if the session and the account can be used now. One query, because it runs on every request. */
  readCaller(session: { readonly sessionId: string; readonly userId: string; readonly now: number }): Promise<Caller | undefined>;
  add(unit: UnitOfWork, session: SessionRow): Promise<void>;
  /** Ends open sessions, those that were used longest ago, until `keep` are left. @returns whether it ended any */
  endOldest(unit: UnitOfWork, userId: string, limit: { readonly keep: number; readonly now: number }): Promise<boolean>;
  /** Deletes a portion of the ended sessions beyond the newest `keep` ones. The next call deletes the next portion. */
  forgetEnded(unit: UnitOfWork, userId: string, keep: number): Promise<void>;
  /** Ends one session, whoever calls. */
  end(unit: UnitOfWork, id: string, now: number): Promise<void>;
  /**
   * Ends all sessions of a user.
   *
   * @param except id of a session that stays open
   */
  endAll(unit: UnitOfWork, user: { readonly userId: string; readonly now: number; readonly except?: string }): Promise<void>;
  /**
   * Ends one session of the caller.
   *
   * @returns whether the caller had that session; false for sessions of other users too
   */
  endOwn(principal: Principal, id: string, now: number): Promise<boolean>;
  /** The caller's open sessions, last used first. */
  listOwn(principal: Principal, page: { readonly limit: number; readonly now: number }): Promise<OwnSession[]>;
  /** Whether an account has a stored session, open or ended, from this network. */
  isKnownNetwork(email: string, network: string): Promise<boolean>;
  /** Records that the password was checked again in this session. */
  confirm(unit: UnitOfWork, id: string, now: number): Promise<void>;
}

export function createSessions(database: Database): Sessions {
  const read = compiledQuery<{ sessionId: string; userId: string; now: number }, Principal & Profile>(database, (bind) =>
    openCallers(database, bind('now')).where('sessions.id', '=', bind('sessionId')).where('users.id', '=', bind('userId')),
  );

  return {
    readCaller: async (session) => {
      const [row] = await read(session);
      return row && toCaller(row);
    },

    add: async (unit, session) => {
      await unit.insertInto('sessions').values(session).execute();
    },

    endOldest: async (unit, userId, { keep, now }) => {
      const open = await openSessions(unit, userId).select('id').orderBy('last_seen_at', 'desc').orderBy('id').execute();
      const surplus = open.slice(keep).map(({ id }) => id);
      if (surplus.length === 0) return false;
      await unit.updateTable('sessions').set({ revoked_at: now }).where('id', 'in', surplus).execute();
      return true;
    },

    forgetEnded: async (unit, userId, keep) => {
      const surplus = (await surplusEnded(unit, userId, keep)).map(({ id }) => id);
      if (surplus.length === 0) return;
      const tokens = unit.selectFrom('refresh_tokens').select('token_hash').where('session_id', 'in', surplus).limit(TOKENS_PORTION);
      await unit.deleteFrom('refresh_tokens').where('token_hash', 'in', tokens).execute();
      await unit
        .deleteFrom('sessions')
        .where('id', 'in', surplus)
        // Only sessions without tokens: deleting a session would delete all its tokens in one statement, however many.
        .where((eb) => eb.not(eb.exists(eb.selectFrom('refresh_tokens').select('token_hash').whereRef('session_id', '=', 'sessions.id'))))
        .execute();
    },

    end: async (unit, id, now) => {
      await unit.updateTable('sessions').set({ revoked_at: now }).where('id', '=', id).execute();
    },

    endAll: async (unit, { userId, now, except = '' }) => {
      const all = unit.updateTable('sessions').set({ revoked_at: now }).where('user_id', '=', userId);
      await all.where('id', '!=', except).where('revoked_at', 'is', null).execute();
    },

    endOwn: async ({ userId }, id, now) => {
      const { numUpdatedRows } = await database
        .updateTable('sessions')
        .set({ revoked_at: now })
        .where('id', '=', id)
        .where('user_id', '=', userId)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    listOwn: ({ userId }, { limit, now }) =>
      openSessions(database, userId)
        .select(['id', 'created_at', 'last_seen_at', 'ip_prefix', 'user_agent'])
        .where('expires_at', '>', now)
        .orderBy('last_seen_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute(),

    isKnownNetwork: async (email, network) => {
      const joined = database.selectFrom('sessions').innerJoin('users', 'users.id', 'sessions.user_id').select('sessions.id');
      const from = joined.where('users.email', '=', email).where('sessions.ip_prefix', '=', network);
      return (await from.limit(1).executeTakeFirst()) !== undefined;
    },

    confirm: async (unit, id, now) => {
      await unit.updateTable('sessions').set({ authenticated_at: now }).where('id', '=', id).execute();
    },
  };
}

const openSessions = (from: Database, userId: string) =>
  from.selectFrom('sessions').where('user_id', '=', userId).where('revoked_at', 'is', null);

const surplusEnded = (unit: UnitOfWork, userId: string, keep: number): Promise<{ id: string }[]> =>
  unit
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .where('revoked_at', 'is not', null)
    .orderBy('revoked_at', 'desc')
    .orderBy('id')
    .offset(keep)
    .limit(SESSIONS_PORTION)
    .execute();
