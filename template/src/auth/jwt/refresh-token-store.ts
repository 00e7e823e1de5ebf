import type { RefreshTokenRow } from '../../database/schema.ts';
import type { UnitOfWork } from '../../database/unit-of-work.ts';

/** Maximum number of expired rows that one call deletes. */
const PORTION = 100;

/** An open session, whose row is locked until the unit ends. */
export interface LockedSession {
  readonly id: string;
  readonly userId: string;
}

/** Hashes of refresh tokens. Times are milliseconds since 1970. */
export interface RefreshTokenStore {
  add(unit: UnitOfWork, row: RefreshTokenRow): Promise<void>;
  /** The session of a stored token, whatever their state. */
  sessionOf(unit: UnitOfWork, hash: string): Promise<string | undefined>;
  /** Locks an open session and records that it was used. @returns undefined when it has ended */
  lockSession(unit: UnitOfWork, id: string, now: number): Promise<LockedSession | undefined>;
  /**
   * Changes the row of a token that is not used and has not expired. A single statement, so that only one of two requests
   * at the same moment succeeds.
   *
   * @returns whether there was such a row
   */
  spend(unit: UnitOfWork, hash: string, change: Partial<RefreshTokenRow>, now: number): Promise<boolean>;
  /** Whether the token was used; undefined when it has no row. */
  wasUsed(unit: UnitOfWork, hash: string): Promise<boolean | undefined>;
  /** Deletes a portion of the expired tokens of a session. */
  removeExpired(unit: UnitOfWork, sessionId: string, now: number): Promise<void>;
}

export const refreshTokenStore: RefreshTokenStore = {
  add: async (unit, row) => {
    await unit.insertInto('refresh_tokens').values(row).execute();
  },

  sessionOf: async (unit, hash) => {
    const row = await unit.selectFrom('refresh_tokens').select('session_id').where('token_hash', '=', hash).executeTakeFirst();
    return row?.session_id;
  },

  lockSession: async (unit, id, now) => {
    const named = unit.updateTable('sessions').set({ last_seen_at: now }).where('id', '=', id);
    const open = named.where('revoked_at', 'is', null).where('expires_at', '>', now);
    if ((await open.executeTakeFirstOrThrow()).numUpdatedRows !== 1n) return undefined;
    return unit.selectFrom('sessions').select(['id', 'user_id as userId']).where('id', '=', id).executeTakeFirstOrThrow();
  },

  spend: async (unit, hash, change, now) => {
    const { numUpdatedRows } = await unit
      .updateTable('refresh_tokens')
      .set(change)
      .where('token_hash', '=', hash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', now)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  },

  wasUsed: async (unit, hash) => {
    const row = await unit.selectFrom('refresh_tokens').select('used_at').where('token_hash', '=', hash).executeTakeFirst();
    return row && row.used_at !== null;
  },

  removeExpired: async (unit, sessionId, now) => {
    const ofSession = unit.selectFrom('refresh_tokens').select('token_hash').where('session_id', '=', sessionId);
    const expired = ofSession.where('expires_at', '<=', now).limit(PORTION);
    await unit.deleteFrom('refresh_tokens').where('token_hash', 'in', expired).execute();
  },
};
