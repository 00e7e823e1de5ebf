import type { Database } from '../../database/unit-of-work.ts';
import { createSessions } from '../session-store.ts';
import type { TokenRotation } from '../token-rotation.ts';
import { sendToken } from './cookie.ts';
import { createSessionTokens } from './store.ts';

/** No token outlives a change of the password, of the role, or of what the session may do. Source: ASVS 5.0 V7.2.4; OWASP Session Management Cheat Sheet. */
export const createTokenRotation = (database: Database): TokenRotation => ({
  atOwnChange: async (unit, sessionId) => {
    const token = await createSessionTokens(database).renew(unit, sessionId);
    return (context) => {
      sendToken(context, token);
    };
  },
  // The user is not the caller, so no response could bring a new token: the user signs in again.
  atRoleChange: (unit, user) => createSessions(database).endAll(unit, user),
});
