import type { Request } from 'express';
import type { Caller } from '../../access/principal.ts';
import type { AlternativeScheme, Authenticator } from '../../http/authenticator.ts';
import { unauthenticated } from '../../http/problem.ts';
import { contextOf } from '../../http/request-context.ts';
import type { Services } from '../../services.ts';
import { keyIn, matches, presentsKey } from './key.ts';
import { createRefusedKeyLimit } from './refused-keys.ts';
import { keyRoutes } from './routes.ts';
import { createApiKeys } from './store.ts';

const API_KEY: AlternativeScheme = {
  name: 'apiKey',
  definition: { type: 'http', scheme: 'bearer', description: 'An API key.' },
  opens: ({ kind }) => kind === 'permission',
};

/**
 * Adds API keys to the strategy of people. A key is sent as a bearer token; its rights are read together with its owner
 * on every request. `access/key-rights.ts` says which routes are open to it.
 */
export function withApiKeys(services: Services, strategy: Authenticator): Authenticator {
  const { clock, database, runInBackground } = services;
  const keys = createApiKeys(database);
  const countRefused = createRefusedKeyLimit(services);
  const hasCookie = cookieFinder(strategy);

  async function callerOf(request: Request): Promise<Caller> {
    const [key, now] = [keyIn(request), clock()];
    const found = key && (await keys.find(key.id, now));
    if (!key || !matches(key, found?.secretHash) || !found) {
      await countRefused(contextOf(request));
      throw unauthenticated('invalid-token');
    }
    // After the response: a request that reads must not wait for a write, nor fail with it.
    if (found.isUseDue) runInBackground('api-key-used', () => keys.markUsed(key.id, now));
    return found.caller;
  }

  return {
    ...strategy,
    alternatives: [...strategy.alternatives, API_KEY],
    authenticate: async (request) => {
      if (!presentsKey(request)) return strategy.authenticate(request);
      // Whose request it is would depend on which of the two is looked at first.
      if (hasCookie(request)) throw unauthenticated('invalid-token');
      return callerOf(request);
    },
    guard: (request) => {
      // Pages of other sites cannot send this header without the consent of CORS, and without a cookie there is nothing to abuse.
      if (!presentsKey(request) || hasCookie(request)) strategy.guard(request);
    },
    routes: [...strategy.routes, ...keyRoutes(services)],
  };
}

/** Finds the cookie of the strategy, also under a name that only ends like it; strategies without cookies have none. */
function cookieFinder({ scheme: { definition } }: Authenticator): (request: Request) => boolean {
  if (definition['in'] !== 'cookie') return () => false;
  const start = `${String(definition['name'])}=`;
  return ({ headers }) => headers.cookie?.includes(start) ?? false;
}
