import type { Request, RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Store } from 'express-rate-limit';
import type { Config } from '../../config/index.ts';
import { repeatedEvent } from '../../observability/repeated-event.ts';
import { store } from '../../rate-limit/chosen.ts';
import { addressKey, trustedPeers } from '../../network/client-address.ts';
import type { Log } from '../../observability/log.ts';
import { tooManyRequests } from '../problem.ts';
import { contextOf } from '../request-context.ts';
import type { LimitCounter } from '../../rate-limit/counter.ts';
import type { LimitNeeds } from '../../rate-limit/store.ts';

interface LimiterNeeds extends LimitNeeds {
  readonly config: Pick<Config, 'rateLimitMax' | 'rateLimitWindowSeconds' | 'trustedProxies' | 'userRateLimitMax'>;
  readonly log: Pick<Log, 'at' | 'error' | 'warn'>;
}

/** Limits each client address, before any step that is expensive or writes to the log. */
export function globalLimit(services: LimiterNeeds): RequestHandler {
  return limiter(services, 'address', services.config.rateLimitMax, (request) => addressKey(contextOf(request).ip));
}

/** Limits each user, from any number of addresses. Mount it after authentication. */
export function userLimit(services: LimiterNeeds): RequestHandler {
  const limit = limiter(services, 'user', services.config.userRateLimitMax, (request) => userOf(request) ?? '');
  return (request, response, next) => {
    if (userOf(request) === undefined) next();
    else void limit(request, response, next);
  };
}

function userOf(request: Request): string | undefined {
  const { principal } = contextOf(request);
  return principal?.limits?.countedAs ?? principal?.userId;
}

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
      warn: (error: unknown) => {
        log.warn('rate_limit_warning', { error });
      },
      error: (error: unknown) => {
        log.error('rate_limit_error', { error });
      },
    },
    handler: refusal(services, prefix, limit, windowMs),
  });
}

/** Sends 429. Only the first refusal of a key in a window is logged, so that a flood cannot fill the disk with log lines. */
function refusal({ clock, config, log }: LimiterNeeds, limiterName: string, limit: number, windowMs: number): RequestHandler {
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
    next(tooManyRequests(resetTime.getTime(), clock()));
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
