import type { Request } from 'express';
import { unauthenticated } from '../../http/problem.ts';
import type { Services } from '../../services.ts';
import type { Authenticator } from '../../http/authenticator.ts';
import { createCallerReader } from '../sessions.ts';
import { createAccessTokens } from './access-token.ts';
import { jwtRoutes } from './routes.ts';

const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

/** Bearer tokens: a short-lived signed access token per session, renewed with a rotating refresh token. */
export function createAuthenticator(services: Services): Authenticator {
  const { config, clock, database } = services;
  const tokens = createAccessTokens({ secret: config.jwtSecret, issuer: config.publicUrl, clock });
  const readCaller = createCallerReader(database, clock);

  return {
    scheme: {
      name: 'bearer',
      definition: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Verified as RFC8725 asks.' },
    },
    authenticate: async (request) => {
      const header = authorization(request);
      if (header === undefined) return undefined;
      const [, token] = BEARER.exec(header) ?? [];
      if (!token) throw unauthenticated('invalid-token');
      const { sessionId, userId } = await tokens.verify(token);
      const caller = await readCaller(sessionId, userId);
      if (!caller) throw unauthenticated('invalid-token');
      return caller;
    },
    // A browser does not add a bearer token by itself, so another site cannot send requests with it.
    guard: () => undefined,
    routes: jwtRoutes(services, tokens),
  };
}

/** Two headers are refused: a proxy might check one of them and this server use the other. */
function authorization({ headers, rawHeaders }: Request): string | undefined {
  const isAuthorization = (name: string, index: number) => index % 2 === 0 && name.toLowerCase() === 'authorization';
  if (rawHeaders.filter(isAuthorization).length > 1) throw unauthenticated('invalid-token');
  return headers.authorization;
}
