import type { Caller, Principal, Profile } from '../../access/principal.ts';
import { createOpaqueToken, hashOpaqueToken } from '../../crypto/opaque-token.ts';
import { compiledQuery } from '../../database/compiled-query.ts';
import type { Database, UnitOfWork } from '../../database/unit-of-work.ts';
import { openCallers, toCaller } from '../caller-store.ts';

/** A session ends when it was not used for this long, in milliseconds. Source: ASVS 5.0 V7.3.1. */
export const IDLE_MS = 86_400_000;

/** The caller, and when the session was last used, in milliseconds since 1970. */
export interface SeenCaller extends Caller {
  readonly lastSeenAt: number;
}

/** Tokens of sessions; only their hashes are stored. Times are milliseconds since 1970. */
export interface SessionTokens {
  /** The caller, if the session and the account can be used now. One query, because it runs on every request. */
  readCaller(token: string, now: number): Promise<SeenCaller | undefined>;
  /** Gives the session a new token, which ends the one before. @returns the token */
  renew(unit: UnitOfWork, sessionId: string): Promise<string>;
  /** Ends the sessions of these tokens. Unknown tokens and sessions that have ended are ignored. */
  endAll(unit: UnitOfWork, tokens: readonly string[], now: number): Promise<void>;
  /** Writes when the session was last used, unless a later use is written already. */
  markSeen(sessionId: string, now: number): Promise<void>;
}

type Row = Principal & Profile & Pick<SeenCaller, 'lastSeenAt'>;

export function createSessionTokens(database: Database): SessionTokens {
  const read = compiledQuery<{ hash: string; now: number; idleSince: number }, Row>(database, (bind) =>
    openCallers(database, bind('now'))
      .select('sessions.last_seen_at as lastSeenAt')
      .where('sessions.token_hash', '=', bind('hash'))
      .where('sessions.last_seen_at', '>', bind('idleSince')),
  );

  return {
    readCaller: async (token, now) => {
      const [row] = await read({ hash: hashOpaqueToken(token), now, idleSince: now - IDLE_MS });
      if (!row) return undefined;
      const { lastSeenAt, ...rest } = row;
      return { ...toCaller(rest), lastSeenAt };
    },

    renew: async (unit, sessionId) => {
      const token = createOpaqueToken();
      const renewed = unit.updateTable('sessions').set({ token_hash: hashOpaqueToken(token) });
      await renewed.where('id', '=', sessionId).execute();
      return token;
    },

    endAll: async (unit, tokens, now) => {
      if (tokens.length === 0) return;
      const ended = unit.updateTable('sessions').set({ revoked_at: now }).where('revoked_at', 'is', null);
      await ended.where('token_hash', 'in', tokens.map(hashOpaqueToken)).execute();
    },

    markSeen: async (sessionId, now) => {
      const seen = database.updateTable('sessions').set({ last_seen_at: now }).where('id', '=', sessionId);
      await seen.where('last_seen_at', '<', now).execute();
    },
  };
}
