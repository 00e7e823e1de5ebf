import { tooManyRequests } from '../../http/problem.ts';
import type { Counter } from '../../rate-limit/counter.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { Services } from '../../services.ts';
import { failClosed } from './fail-closed.ts';

const WINDOW_MS = 15 * 60_000;
/** Limit of all tries in units of `LOGIN_LIMIT_MAX`, because right passwords cost a hash too. */
const ALL_FACTOR = 3;

export interface TryLimit {
  /**
   * Refuses a key that is over the limit, without counting.
   *
   * @throws Problem 429
   */
  check(key: string, context: RequestContext): Promise<void>;
  /**
   * Counts a try before its password is checked, so that parallel tries are counted too.
   *
   * @throws Problem 429
   */
  count(key: string, context: RequestContext): Promise<void>;
  /** Sets the count of wrong passwords to zero. */
  forgive(key: string): Promise<void>;
}

/** @throws Problem 429, with the given end of the window (milliseconds since 1970) as `Retry-After` */
export function refuse(resetsAt: number, context: RequestContext, now: number): never {
  context.audit('authn_login_fail_max');
  throw tooManyRequests(resetsAt, now);
}

/**
 * At most `LOGIN_LIMIT_MAX` wrong passwords, and three times as many tries, for each key in 15 minutes.
 * Source: ASVS 5.0 V6.3.1.
 *
 * @param name of the limit; each name has its own counts
 */
export function createTryLimit(services: Services, name: string): TryLimit {
  const { config, clock } = services;
  const max = config.loginLimitMax;
  const wrong = failClosed(services, { prefix: name, windowMs: WINDOW_MS });
  const all = failClosed(services, { prefix: `${name}-all`, windowMs: WINDOW_MS });

  async function limit(read: (counter: Counter) => ReturnType<Counter['peek']>, others: number, context: RequestContext): Promise<void> {
    const tries = await read(wrong);
    if (tries.hits + others > max) refuse(tries.resetsAt, context, clock());
    const total = await read(all);
    if (total.hits + others > max * ALL_FACTOR) refuse(total.resetsAt, context, clock());
  }

  return {
    check: (key, context) => limit((counter) => counter.peek(key), 1, context),
    count: (key, context) => limit((counter) => counter.increment(key), 0, context),
    forgive: (key) => wrong.reset(key),
  };
}
