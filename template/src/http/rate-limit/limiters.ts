import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { Store } from 'express-rate-limit';
import type { Services } from '../../services.ts';
import { tooManyRequests } from '../problem.ts';
import { contextOf } from '../request-context.ts';
import type { Counter } from './counter.ts';

/** One name per network that one customer gets: a whole IPv6 /56 is counted as one address. */
export const addressKey = (ip: string): string => ipKeyGenerator(ip, 56);

/** Limits each client address, before anything costly is done. */
export function globalLimit(services: Services): RequestHandler {
  return limiter(services, 'address', services.config.rateLimitMax, (request) => addressKey(contextOf(request).ip));
}

/** Limits each user, from however many addresses. To be mounted behind authentication. */
export function userLimit(services: Services): RequestHandler {
  const limit = limiter(services, 'user', services.config.userRateLimitMax, (request) => userOf(request) ?? '');
  return (request, response, next) => {
    if (userOf(request) === undefined) next();
    else void limit(request, response, next);
  };
}

const userOf = (request: Request) => contextOf(request).principal?.userId;

function limiter(services: Services, prefix: string, limit: number, keyOf: (request: Request) => string): RequestHandler {
  const { clock, config, log } = services;
  const windowMs = config.rateLimitWindowSeconds * 1000;
  return rateLimit({
    windowMs,
    limit,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    keyGenerator: keyOf,
    store: asStore(services.counter({ prefix, windowMs })),
    // Losing the count must not take the service down; sign-in, where it would matter, counts separately and refuses.
    passOnStoreError: true,
    logger: {
      warn: (error: unknown) => { log.warn('rate_limit_warning', { error }); },
      error: (error: unknown) => { log.error('rate_limit_error', { error }); },
    },
    handler: (request, _response, next) => {
      const { resetTime } = (request as Request & { rateLimit: { resetTime: Date } }).rateLimit;
      next(tooManyRequests(Math.max(1, Math.ceil((resetTime.getTime() - clock()) / 1000))));
    },
  });
}

/** Presents one of our counters as a store of express-rate-limit. */
function asStore(counter: Counter): Store {
  return {
    async increment(key) {
      const { hits, resetsAt } = await counter.increment(key);
      return { totalHits: hits, resetTime: new Date(resetsAt) };
    },
    decrement: () => Promise.reject(new Error('requests are never uncounted')),
    resetKey: (key) => counter.reset(key),
  };
}
