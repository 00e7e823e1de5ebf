import { createHash } from 'node:crypto';
import { tooManyRequests } from '../http/problem.ts';
import type { Counter } from '../http/rate-limit/counter.ts';
import { addressKey } from '../http/rate-limit/limiters.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { Services } from '../services.ts';
import { closingCounter } from './throttle/closing-counter.ts';

const MINUTE_MS = 60_000;
/** An address may try this many times as often as one account from it: offices share addresses. */
const ADDRESS_FACTOR = 20;
/** An account gets at most this many times the mails one address can cause. */
const MAILBOX_FACTOR = 4;

const mailbox = (email: string) => createHash('sha256').update(email).digest('base64url');

/**
 * Keeps the service from being used to flood mailboxes.
 *
 * @param name of the mail; each has its own counts
 * @returns counts a request for a mail and tells whether it may be sent; the answer must not show it. Rejects with
 *   Problem 429 when one address asks for very many
 */
export function createMailQuota(services: Services, name: string): (email: string, context: RequestContext) => Promise<boolean> {
  const { config, clock } = services;
  const per = (what: string): Counter => closingCounter(services, { prefix: `${name}-per-${what}`, windowMs: 60 * MINUTE_MS });
  const [addresses, pairs, mailboxes] = [per('address'), per('pair'), per('mailbox')];
  const max = config.loginLimitMax;

  return async (email, context) => {
    const address = await addresses.increment(addressKey(context.ip));
    if (address.hits > max * ADDRESS_FACTOR) throw tooManyRequests(Math.max(1, Math.ceil((address.resetsAt - clock()) / 1000)));
    const pair = await pairs.increment(`${mailbox(email)}:${addressKey(context.ip)}`);
    if (pair.hits > max) return false;
    return (await mailboxes.increment(mailbox(email))).hits <= max * MAILBOX_FACTOR;
  };
}
