import { tooManyRequests } from '../../http/problem.ts';
import type { RequestContext } from '../../http/request-context.ts';
import { addressKey } from '../../network/client-address.ts';
import type { Services } from '../../services.ts';
import { failClosed } from '../throttle/fail-closed.ts';

const WINDOW_MS = 15 * 60_000;
/** Refused keys of one address in units of `LOGIN_LIMIT_MAX`; several programs of an office share one address. */
const ADDRESS_FACTOR = 5;

/**
 * Limits an address that sends keys which are refused. Keys that can be used still work from there: secrets of 256 bits
 * cannot be guessed, and a program with an old key must not stop the others of its network.
 *
 * @returns a function that counts a refused key and rejects with Problem 429 over the limit
 */
export function createRefusedKeyLimit(services: Services): (context: RequestContext) => Promise<void> {
  const { config, clock } = services;
  const refused = failClosed(services, { prefix: 'refused-keys', windowMs: WINDOW_MS });
  return async ({ ip }) => {
    const { hits, resetsAt } = await refused.increment(addressKey(ip));
    if (hits > config.loginLimitMax * ADDRESS_FACTOR) throw tooManyRequests(resetsAt, clock());
  };
}
