import { z } from 'zod';
import { authenticated, route } from '../../http/route.ts';
import type { AnyRoute } from '../../http/route.ts';
import type { Services } from '../../services.ts';
import { loginRoutes } from '../login.ts';
import { createSessions } from '../session-store.ts';
import { ABSOLUTE_MS } from '../sessions.ts';
import { clearToken, sendToken, tokensIn } from './cookie.ts';
import { createSessionTokens, IDLE_MS } from './store.ts';

const opened = z.strictObject({
  /** Seconds until the session ends, however often it is used. */
  expiresIn: z.int(),
  /** Seconds without a request after which it ends. */
  idleTimeout: z.int(),
});

const LIFETIME: z.input<typeof opened> = { expiresIn: ABSOLUTE_MS / 1000, idleTimeout: IDLE_MS / 1000 };

/**
 * The origin's stored data and cached responses. Not `cookies`: browsers would remove those of the whole site, also of
 * sibling hosts; this server removes its own. Source: W3C Clear Site Data; ASVS 5.0 V14.3.1.
 */
const CLEARED_AT_LOGOUT = '"cache", "storage"';

/** Sign-in and sign-out with a cookie. */
export function cookieRoutes(services: Services): readonly AnyRoute[] {
  const { database, clock } = services;
  const sessions = createSessions(database);
  const tokens = createSessionTokens(database);

  const login = loginRoutes(services, {
    summary: 'Exchange an e-mail address and a password for a session; its token is in a cookie only',
    problems: [401, 403],
    response: opened,
    open: async (context, run) => {
      // The token is always new, and the session before it ends: an attacker may have planted its cookie (session fixation).
      const token = await run(async (unit, { sessionId }) => {
        await tokens.endAll(unit, tokensIn(context.cookies), clock());
        return tokens.renew(unit, sessionId);
      });
      sendToken(context, token);
      return LIFETIME;
    },
  });

  const logout = route({
    method: 'post',
    path: '/api/v1/auth/logout',
    summary: 'End this session; its cookie gets 401 at once',
    access: authenticated,
    problems: [403],
    status: 204,
    handle: async ({ principal, context }) => {
      await sessions.endOwn(principal, principal.sessionId, clock());
      context.audit('authn_token_revoked', { sessionId: principal.sessionId });
      clearToken(context);
      context.setHeader('Clear-Site-Data', CLEARED_AT_LOGOUT);
      return undefined;
    },
  });

  return [...login, logout];
}
