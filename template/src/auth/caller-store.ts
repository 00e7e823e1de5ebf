import type { Caller, Principal, Profile } from '../access/principal.ts';
import type { Database } from '../database/unit-of-work.ts';

/** Sessions and accounts that can be used now. A strategy adds how it finds the session. */
export const openCallers = (database: Database, now: number) =>
  database
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select(['users.id as userId', 'sessions.id as sessionId', 'users.role', 'sessions.authenticated_at as authenticatedAt'])
    .select(['users.email', 'users.display_name as displayName', 'users.created_at as createdAt'])
    .where('sessions.revoked_at', 'is', null)
    .where('sessions.expires_at', '>', now)
    .where('users.disabled_at', 'is', null)
    .where('users.email_verified_at', 'is not', null);

/** The caller in a row of `openCallers`. */
export const toCaller = ({ email, displayName, createdAt, ...principal }: Principal & Profile): Caller => ({
  principal,
  profile: { email, displayName, createdAt },
});
