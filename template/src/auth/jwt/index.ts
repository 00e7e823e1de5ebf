import type { Request } from 'express';
import { authSecrets } from '../../config/jwt.ts';
import { unauthenticated } from '../../http/problem.ts';
import type { Services } from '../../services.ts';
import type { Authenticator } from '../../http/authenticator.ts';
import { createSessions } from '../session-store.ts';
import { createAccessTokens } from './access-token.ts';
import { jwtRoutes } from './routes.ts';

/** How `curl` sends what `npm run token` prints. */
export const TOKEN_HEADER = 'Authorization: Bearer';

const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

/** Bearer tokens: a short-lived signed access token per session, renewed with a rotating refresh token. */
export function createAuthenticator(services: Services): Authenticator {
  const { config, clock, database } = services;
  const tokens = createAccessTokens({ secrets: authSecrets(config), issuer: config.publicUrl, clock });
  const sessions = createSessions(database);

  return {
    alternatives: [],
    scheme: {
      name: 'bearer',
      definition: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Verified as RFC8725 asks.' },
      // RFC 6750, section 3.
      challenge: (code) => (code === 'invalid-token' ? 'Bearer error="invalid_token"' : 'Bearer'),
    },
    authenticate: async (request) => {
      const header = authorization(request);
      if (header === undefined) return undefined;
      const [, token] = BEARER.exec(header) ?? [];
      if (!token) throw unauthenticated('invalid-token');
      const { sessionId, userId } = await tokens.verify(token);
      const caller = await sessions.readCaller({ sessionId, userId, now: clock() });
      if (!caller) throw unauthenticated('invalid-token');
      return caller;
    },
    // A browser does not add a bearer token by itself, so another site cannot send requests with it.
    guard: () => undefined,
    corsCredentials: false,
    routes: jwtRoutes(services, tokens),
    developerPages: [],
  };
}

/** Two headers are refused: a proxy might check one of them and this server use the other. */
function authorization({ headers, rawHeaders }: Request): string | undefined {
  const isAuthorization = (name: string, index: number) => index % 2 === 0 && name.toLowerCase() === 'authorization';
  if (rawHeaders.filter(isAuthorization).length > 1) throw unauthenticated('invalid-token');
  return headers.authorization;
}
