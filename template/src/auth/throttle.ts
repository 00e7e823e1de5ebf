import { createHash } from 'node:crypto';
import { tooManyRequests } from '../http/problem.ts';
import { addressKey } from '../http/rate-limit/limiters.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { Services } from '../services.ts';
import { closingCounter } from './throttle/closing-counter.ts';

const MINUTE_MS = 60_000;
/** An address may try this many times as often as one account from it: offices share addresses. */
const ADDRESS_FACTOR = 20;

export interface SignInThrottle {
  /**
   * Counts one try at the account's password, before it is checked: tries in flight count too.
   *
   * @param email canonical; unknown ones count alike, so a 429 tells nothing
   * @throws Problem 429
   */
  begin(email: string, context: RequestContext): Promise<void>;
  /** The password was wrong: the address pays too. */
  failed(context: RequestContext): Promise<void>;
  /** The password was right: the tries before it are forgiven. */
  succeeded(email: string, context: RequestContext): Promise<void>;
}

const mailbox = (email: string) => createHash('sha256').update(email).digest('base64url');

/**
 * Slows guessing down. Never by account alone: whoever can lock an account by guessing has a weapon against its owner.
 * Source: ASVS 5.0 V6.3.1, V6.1.1.
 *
 * @param name of what is tried; each has its own counts
 */
export function createSignInThrottle(services: Services, name: string): SignInThrottle {
  const { config, clock } = services;
  const pairs = closingCounter(services, { prefix: name, windowMs: 15 * MINUTE_MS });
  const addresses = closingCounter(services, { prefix: `${name}-address`, windowMs: 24 * 60 * MINUTE_MS });
  const pair = (email: string, context: RequestContext) => `${mailbox(email)}:${addressKey(context.ip)}`;

  function refuse(resetsAt: number, context: RequestContext): never {
    context.audit('authn_login_fail_max');
    throw tooManyRequests(Math.max(1, Math.ceil((resetsAt - clock()) / 1000)));
  }

  return {
    begin: async (email, context) => {
      const address = await addresses.peek(addressKey(context.ip));
      if (address.hits >= config.loginLimitMax * ADDRESS_FACTOR) refuse(address.resetsAt, context);
      const tries = await pairs.increment(pair(email, context));
      if (tries.hits > config.loginLimitMax) refuse(tries.resetsAt, context);
    },
    failed: async (context) => {
      await addresses.increment(addressKey(context.ip));
    },
    succeeded: (email, context) => pairs.reset(pair(email, context)),
  };
}
