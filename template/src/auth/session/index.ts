import type { AuthenticationScheme, Authenticator } from '../../http/authenticator.ts';
import { unauthenticated } from '../../http/problem.ts';
import type { Services } from '../../services.ts';
import { COOKIE_NAME, tokenIn } from './cookie.ts';
import { examplePages } from './example-page.ts';
import { cookieRoutes } from './routes.ts';
import { requireSameOrigin } from './same-origin.ts';
import { createSessionTokens } from './store.ts';
import type { SeenCaller } from './store.ts';

/** The time of the last use is written at most this often, in milliseconds, so that few requests write. */
const SEEN_EVERY_MS = 60_000;

const SCHEME: AuthenticationScheme = {
  name: 'session',
  definition: {
    type: 'apiKey',
    in: 'cookie',
    name: COOKIE_NAME,
    description: 'Set by the login; requests that change something also need the header Origin.',
  },
  // There is no registered scheme for cookies, and a 401 must have one. Browsers show no dialog for an unknown scheme.
  challenge: () => 'Cookie',
};

/** How `curl` sends what `npm run token` prints. */
export const TOKEN_HEADER = 'Cookie:';

/** Cookies: a random token per session, which no script of a page can read. Source: RFC 6265bis; ASVS 5.0 V3.3, V7. */
export function createAuthenticator(services: Services): Authenticator {
  const { clock, config, database, runInBackground } = services;
  const tokens = createSessionTokens(database);

  /** After the response: a request that reads must not wait for a write, nor fail with it. */
  function noteUse({ lastSeenAt, principal }: SeenCaller, now: number): void {
    if (now - lastSeenAt < SEEN_EVERY_MS) return;
    runInBackground('session-seen', () => tokens.markSeen(principal.sessionId, now));
  }

  return {
    scheme: SCHEME,
    alternatives: [],
    authenticate: async (request) => {
      const token = tokenIn(request.headers.cookie);
      if (!token) return undefined;
      const now = clock();
      const found = await tokens.readCaller(token, now);
      if (!found) throw unauthenticated('invalid-token');
      noteUse(found, now);
      return found;
    },
    guard: requireSameOrigin(config),
    corsCredentials: true,
    routes: cookieRoutes(services),
    developerPages: examplePages(),
  };
}
