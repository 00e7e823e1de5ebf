import type { Request, RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Store } from 'express-rate-limit';
import { repeatedEvent } from '../../operations/repeated-event.ts';
import type { Services } from '../../services.ts';
import { addressKey, trustedPeers } from '../peers.ts';
import { tooManyRequests } from '../problem.ts';
import { contextOf } from '../request-context.ts';
import type { LimitCounter } from './counter.ts';
import { createLimitCounter } from './store.ts';

export { addressKey } from '../peers.ts';

/** Limits each client address, before any step that is expensive or writes to the log. */
export function globalLimit(services: Services): RequestHandler {
  return limiter(services, 'address', services.config.rateLimitMax, (request) => addressKey(contextOf(request).ip));
}

/** Limits each user, from any number of addresses. Mount it after authentication. */
export function userLimit(services: Services): RequestHandler {
  const limit = limiter(services, 'user', services.config.userRateLimitMax, (request) => userOf(request) ?? '');
  return (request, response, next) => {
    if (userOf(request) === undefined) next();
    else void limit(request, response, next);
  };
}

const userOf = (request: Request) => contextOf(request).principal?.userId;

function limiter(services: Services, prefix: string, limit: number, keyOf: (request: Request) => string): RequestHandler {
  const { config, log } = services;
  const windowMs = config.rateLimitWindowSeconds * 1000;
  return rateLimit({
    windowMs,
    limit,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    keyGenerator: keyOf,
    store: asStore(createLimitCounter({ prefix, windowMs, limit }, services)),
    logger: {
      warn: (error: unknown) => { log.warn('rate_limit_warning', { error }); },
      error: (error: unknown) => { log.error('rate_limit_error', { error }); },
    },
    handler: refusal(services, prefix, limit, windowMs),
  });
}

/** Sends 429. Only the first refusal of a key in a window is logged, so that a flood cannot fill the disk with log lines. */
function refusal({ clock, config, log }: Services, limiterName: string, limit: number, windowMs: number): RequestHandler {
  const repeat = repeatedEvent(log, 'warn', 'rate_limit_refusals', windowMs);
  const isProxy = trustedPeers(config.trustedProxies);
  return (request, response, next) => {
    const { used, resetTime } = (request as Request & { rateLimit: { used: number; resetTime: Date } }).rateLimit;
    if (used > limit + 1) {
      contextOf(request).logged = false;
      repeat({ limiter: limiterName });
    }
    // Requests that wait on this connection are then dropped. A proxy's connection stays open: it carries other clients too.
    if (!isProxy(request.socket.remoteAddress)) response.setHeader('Connection', 'close');
    next(tooManyRequests(Math.max(1, Math.ceil((resetTime.getTime() - clock()) / 1000))));
  };
}

/** Adapts a counter to the store interface of express-rate-limit. */
function asStore(counter: LimitCounter): Store {
  return {
    async increment(key) {
      const { hits, resetsAt } = await counter.increment(key);
      return { totalHits: hits, resetTime: new Date(resetsAt) };
    },
    decrement: () => Promise.reject(new Error('requests are never uncounted')),
    resetKey: () => Promise.reject(new Error('a limit ends with its window')),
  };
}
