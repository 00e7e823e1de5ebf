import type { RequestContext } from '../../http/request-context.ts';
import { addressKey, ipPrefix } from '../../network/client-address.ts';
import type { Services } from '../../services.ts';
import { createSessions } from '../session-store.ts';
import { MAX_IN_A_ROW } from '../throttle/account-ceiling.ts';
import { createAddressLimit } from '../throttle/address-limit.ts';
import { failClosed } from '../throttle/fail-closed.ts';
import { createTryLimit, refuse } from '../throttle/try-limit.ts';

const DAY_MS = 86_400_000;

/** Whose code is tried. */
export interface CodeOwner {
  readonly userId: string;
  readonly email: string;
}

export interface CodeThrottle {
  /**
   * Counts a try. Call it before the code is checked.
   *
   * @returns whether the right code may be accepted; if not, respond as to a wrong one
   * @throws Problem 429
   */
  begin(owner: CodeOwner, context: RequestContext): Promise<boolean>;
  /** @throws Problem 429 when the address has sent too many wrong passwords and codes */
  failed(context: RequestContext): Promise<void>;
  succeeded(owner: CodeOwner, context: RequestContext): Promise<void>;
}

/**
 * Limits guesses of codes as those of passwords are limited: for an account and an address together, for an address, and
 * 100 in a row for an account from networks that it has not signed in from. So many addresses together have 100 guesses,
 * and the owner can still sign in from a known network. A mailed token does not help here: whoever has taken over the
 * mailbox must not get more guesses. docs/security.md has all numbers. Source: ASVS 5.0 V6.3.1, V6.6.3.
 */
export function createCodeThrottle(services: Services): CodeThrottle {
  const sessions = createSessions(services.database);
  const tries = createTryLimit(services, 'second-factor');
  const addresses = createAddressLimit(services);
  const accounts = failClosed(services, { prefix: 'second-factor-account', windowMs: 30 * DAY_MS });
  const networks = failClosed(services, { prefix: 'second-factor-network', windowMs: DAY_MS });
  const pair = ({ userId }: CodeOwner, { ip }: RequestContext) => `${userId}:${addressKey(ip)}`;
  const network = ({ userId }: CodeOwner, { ip }: RequestContext) => `${userId}:${ipPrefix(ip)}`;

  return {
    begin: async (owner, context) => {
      await tries.count(pair(owner, context), context);
      const known = await sessions.isKnownNetwork(owner.email, ipPrefix(context.ip));
      const counted = known ? networks.increment(network(owner, context)) : accounts.increment(owner.userId);
      return (await counted).hits <= MAX_IN_A_ROW;
    },
    failed: async (context) => {
      const spentUntil = await addresses.spentUntil(context.ip);
      await addresses.failed(context.ip);
      if (spentUntil !== undefined) refuse(spentUntil, context, services.clock());
    },
    succeeded: async (owner, context) => {
      const counts = [accounts.reset(owner.userId), networks.reset(network(owner, context))];
      await Promise.all([tries.forgive(pair(owner, context)), ...counts]);
    },
  };
}
