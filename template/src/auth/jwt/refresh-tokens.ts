import type { SecretSlots } from '../../config/parsers.ts';
import { hashOpaqueToken } from '../../crypto/opaque-token.ts';
import { inOneUnit } from '../../database/unit-of-work.ts';
import type { Database, UnitOfWork } from '../../database/unit-of-work.ts';
import { createSessions } from '../session-store.ts';
import { createRefreshTokenSeal } from './refresh-token-seal.ts';
import { refreshTokenStore as store } from './refresh-token-store.ts';
import type { LockedSession } from './refresh-token-store.ts';

/** A session ends when it was not refreshed for this long, in milliseconds. */
const IDLE_MS = 7 * 86_400_000;

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
  issue(unit: UnitOfWork, sessionId: string, now: number): Promise<string>;
  /**
   * Exchanges a refresh token for its successor. If the token was used before, its session ends.
   *
   * @returns undefined when the token is unknown or expired, or its session has ended
   */
  rotate(token: string, now: number): Promise<Rotation | Reuse | undefined>;
}

/** A token of an open session, found by its row or by its seal. */
interface Presented {
  readonly hash: string;
  readonly sessionId: string;
  readonly isSealed: boolean;
}

/**
 * Stores the hash of the newest refresh token of each session. Used tokens have no row; they are recognised by their seal.
 * Source: RFC 9700, 4.14.2; ASVS 5.0 V10.4.5; docs/security.md, "Refresh tokens rotate".
 */
export function createRefreshTokens(database: Database, secrets: SecretSlots): RefreshTokens {
  const seal = createRefreshTokenSeal(secrets);
  const sessions = createSessions(database);

  async function issue(unit: UnitOfWork, sessionId: string, now: number): Promise<string> {
    const token = seal.create(sessionId);
    await store.add(unit, { token_hash: hashOpaqueToken(token), session_id: sessionId, expires_at: now + IDLE_MS, used_at: null });
    return token;
  }

  /** @returns the successor; undefined when the token is not the newest of its session */
  async function succeed(unit: UnitOfWork, { hash, sessionId, isSealed }: Presented, now: number): Promise<string | undefined> {
    // A used token without a seal keeps its row, because it could not be recognised otherwise.
    if (!isSealed) return (await store.spend(unit, hash, { used_at: now }, now)) ? issue(unit, sessionId, now) : undefined;
    const token = seal.create(sessionId);
    const successor = { token_hash: hashOpaqueToken(token), expires_at: now + IDLE_MS };
    return (await store.spend(unit, hash, successor, now)) ? token : undefined;
  }

  const rotate: RefreshTokens['rotate'] = (token, now) =>
    inOneUnit(database, async (unit) => {
      const hash = hashOpaqueToken(token);
      const sealedFor = seal.sessionOf(token);
      const session = await lockSession(unit, hash, sealedFor, now);
      if (!session) return undefined;
      const presented = { hash, sessionId: session.id, isSealed: sealedFor !== undefined };
      const refreshToken = await succeed(unit, presented, now);
      if (refreshToken !== undefined) {
        // Rows of used tokens without a seal are needed only until the tokens expire.
        await store.removeExpired(unit, session.id, now);
        return { userId: session.userId, sessionId: session.id, refreshToken };
      }
      if (!(await wasUsed(unit, presented))) return undefined;
      await sessions.end(unit, session.id, now);
      return { reusedSessionId: session.id };
    });

  return { issue, rotate };
}

/**
 * Locks the row of the session, so that a refresh and a logout at the same moment cannot both succeed. A token without
 * a seal must have a row: otherwise anyone who knows the id of a session could end it.
 */
async function lockSession(unit: UnitOfWork, hash: string, sealedFor: string | undefined, now: number): Promise<LockedSession | undefined> {
  const id = sealedFor ?? (await store.sessionOf(unit, hash));
  return id === undefined ? undefined : store.lockSession(unit, id, now);
}

/** A sealed token without a row was used: this server issued it, and a successor has taken its place. */
const wasUsed = async (unit: UnitOfWork, { hash, isSealed }: Presented): Promise<boolean> => (await store.wasUsed(unit, hash)) ?? isSealed;
