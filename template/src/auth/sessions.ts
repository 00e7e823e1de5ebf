import { randomUUID } from 'node:crypto';
import type { UnitOfWork } from '../database/unit-of-work.ts';
import type { RequestContext } from '../http/request-context.ts';
import { ipPrefix } from '../network/client-address.ts';
import type { Sessions } from './session-store.ts';

const DAY_MS = 86_400_000;
/** A session ends after this time, however often it is used, in milliseconds. */
export const ABSOLUTE_MS = 30 * DAY_MS;
/** Maximum number of open sessions of one account. */
export const MAX_PER_USER = 10;
/** The newest ended sessions of an account stay stored: at most this many, and at most this long, in milliseconds. */
const KEPT_ENDED = 40;
export const KEPT_AFTER_END_MS = DAY_MS;

interface NewSession {
  readonly userId: string;
  readonly context: RequestContext;
  readonly now: number;
}

/**
 * Opens a session for a user whose row the unit has locked, and ends the oldest ones beyond the limit.
 *
 * @returns its id
 */
export async function openSession(sessions: Sessions, unit: UnitOfWork, { userId, context, now }: NewSession): Promise<string> {
  const id = randomUUID();
  await sessions.forgetEnded(unit, userId, KEPT_ENDED);
  const hasEnded = await sessions.endOldest(unit, userId, { keep: MAX_PER_USER - 1, now });
  if (hasEnded) context.audit('excess_sessions_exceeded', { userId });
  await sessions.add(unit, {
    id,
    user_id: userId,
    user_agent: context.userAgent.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 200),
    ip_prefix: ipPrefix(context.ip),
    created_at: now,
    authenticated_at: now,
    last_seen_at: now,
    expires_at: now + ABSOLUTE_MS,
    revoked_at: null,
    token_hash: null,
  });
  return id;
}
