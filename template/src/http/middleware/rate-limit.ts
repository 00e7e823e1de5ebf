import type { Request, RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Store } from 'express-rate-limit';
import type { Config } from '../../config/index.ts';
import { addressKey, trustedPeers } from '../../network/client-address.ts';
import type { Log } from '../../observability/log.ts';
import { repeatedEvent } from '../../observability/repeated-event.ts';
import { store } from '../../rate-limit/chosen.ts';
import type { LimitCounter } from '../../rate-limit/counter.ts';
import type { LimitNeeds } from '../../rate-limit/store.ts';
import { tooManyRequests } from '../problem.ts';
import { contextOf } from '../request-context.ts';

interface LimiterNeeds extends LimitNeeds {
  readonly config: Pick<Config, 'rateLimitMax' | 'rateLimitWindowSeconds' | 'trustedProxies' | 'userRateLimitMax'>;
  readonly log: Pick<Log, 'at' | 'error' | 'warn'>;
}

/** Limits each client address, before anything is done that costs or writes to the log. */
export function globalLimit(services: LimiterNeeds): RequestHandler {
  return limiter(services, 'address', services.config.rateLimitMax, (request) => addressKey(contextOf(request).ip));
}

/** Limits each user, from however many addresses. To be mounted behind authentication. */
export function userLimit(services: LimiterNeeds): RequestHandler {
  const limit = limiter(services, 'user', services.config.userRateLimitMax, (request) => userOf(request) ?? '');
  return (request, response, next) => {
    if (userOf(request) === undefined) next();
    else void limit(request, response, next);
  };
}

const userOf = (request: Request) => contextOf(request).principal?.userId;

function limiter(services: LimiterNeeds, prefix: string, limit: number, keyOf: (request: Request) => string): RequestHandler {
  const { config, log } = services;
  const windowMs = config.rateLimitWindowSeconds * 1000;
  return rateLimit({
    windowMs,
    limit,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    keyGenerator: keyOf,
    store: asStore(store.createLimitCounter({ prefix, windowMs, limit }, services)),
    logger: {
      warn: (error: unknown) => { log.warn('rate_limit_warning', { error }); },
      error: (error: unknown) => { log.error('rate_limit_error', { error }); },
    },
    handler: refusal(services, prefix, limit, windowMs),
  });
}

/** Answers 429. Of all refusals of one key in one window only the first is logged: the log must not be the next target. */
function refusal({ clock, config, log }: LimiterNeeds, limiterName: string, limit: number, windowMs: number): RequestHandler {
  const repeat = repeatedEvent(log, 'warn', 'rate_limit_refusals', windowMs);
  const isProxy = trustedPeers(config.trustedProxies);
  return (request, response, next) => {
    const { used, resetTime } = (request as Request & { rateLimit: { used: number; resetTime: Date } }).rateLimit;
    if (used > limit + 1) {
      contextOf(request).logged = false;
      repeat({ limiter: limiterName });
    }
    // Whatever else waits on this connection is then never looked at. A proxy's connection carries other clients too.
    if (!isProxy(request.socket.remoteAddress)) response.setHeader('Connection', 'close');
    next(tooManyRequests(resetTime.getTime(), clock()));
  };
}

/** Presents one of our counters as a store of express-rate-limit. */
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
