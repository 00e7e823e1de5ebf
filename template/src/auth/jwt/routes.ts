import { z } from 'zod';
import { authSecrets } from '../../config/jwt.ts';
import { unauthenticated } from '../../http/problem.ts';
import { authenticated, dangerouslyPublic, route } from '../../http/route.ts';
import type { AnyRoute } from '../../http/route.ts';
import type { Services } from '../../services.ts';
import { loginRoutes } from '../login.ts';
import { createSessions } from '../session-store.ts';
import { ACCESS_TOKEN_SECONDS } from './access-token.ts';
import type { AccessTokens, AccessTokenSubject } from './access-token.ts';
import { createRefreshTokens } from './refresh-tokens.ts';

const tokens = z.strictObject({
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  /** Seconds. */
  expiresIn: z.int(),
  refreshToken: z.string(),
});

/** Sign-in, refresh and sign-out with tokens. */
export function jwtRoutes(services: Services, accessTokens: AccessTokens): readonly AnyRoute[] {
  const { database, clock, config } = services;
  const sessions = createSessions(database);
  const refreshTokens = createRefreshTokens(database, authSecrets(config));

  const pair = async (subject: AccessTokenSubject & { readonly refreshToken: string }): Promise<z.input<typeof tokens>> => ({
    accessToken: await accessTokens.sign(subject),
    tokenType: 'Bearer',
    expiresIn: ACCESS_TOKEN_SECONDS,
    refreshToken: subject.refreshToken,
  });

  const login = loginRoutes(services, {
    summary: 'Exchange an e-mail address and a password for tokens',
    problems: [401],
    response: tokens,
    open: async (_context, run) => {
      const session = await run(async (unit, opened) => ({
        ...opened,
        refreshToken: await refreshTokens.issue(unit, opened.sessionId, clock()),
      }));
      return pair(session);
    },
  });

  const refresh = route({
    method: 'post',
    path: '/api/v1/auth/refresh',
    summary: 'Exchange a refresh token for new tokens; using one twice ends the session',
    access: dangerouslyPublic('the refresh token is the proof'),
    body: z.strictObject({ refreshToken: z.string().min(1).max(128) }),
    problems: [401],
    status: 200,
    response: tokens,
    handle: async ({ body: { refreshToken }, context }) => {
      const rotation = await refreshTokens.rotate(refreshToken, clock());
      if (rotation && 'refreshToken' in rotation) return pair(rotation);
      if (rotation) context.audit('authn_token_reuse', { sessionId: rotation.reusedSessionId });
      throw unauthenticated('invalid-token');
    },
  });

  const logout = route({
    method: 'post',
    path: '/api/v1/auth/logout',
    summary: 'End this session; its tokens get 401 at once',
    access: authenticated,
    status: 204,
    handle: async ({ principal, context }) => {
      await sessions.endOwn(principal, principal.sessionId, clock());
      context.audit('authn_token_revoked', { sessionId: principal.sessionId });
      return undefined;
    },
  });

  return [...login, refresh, logout];
}
