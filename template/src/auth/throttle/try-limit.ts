import { tooManyRequests } from '../../http/problem.ts';
import type { RequestContext } from '../../http/request-context.ts';
import type { Counter } from '../../rate-limit/counter.ts';
import type { Services } from '../../services.ts';
import { failClosed } from './fail-closed.ts';

const WINDOW_MS = 15 * 60_000;
/** Right passwords cost a hash too: this many times the wrong ones may be tried in all. */
const ALL_FACTOR = 3;

export interface TryLimit {
  /**
   * Refuses who is over the limit already, without counting.
   *
   * @throws Problem 429
   */
  check(key: string, context: RequestContext): Promise<void>;
  /**
   * Counts a try before its password is checked: tries in flight count too.
   *
   * @throws Problem 429
   */
  count(key: string, context: RequestContext): Promise<void>;
  /** Forgives the wrong passwords. */
  forgive(key: string): Promise<void>;
}

/** @throws Problem 429 that ends at the given time, in milliseconds since 1970 */
export function refuse(resetsAt: number, context: RequestContext, now: number): never {
  context.audit('authn_login_fail_max');
  throw tooManyRequests(resetsAt, now);
}

/**
 * At most `LOGIN_LIMIT_MAX` wrong passwords, and three times as many tries, for each key in 15 minutes.
 * Source: ASVS 5.0 V6.3.1.
 *
 * @param name of what is tried; each has its own counts
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
