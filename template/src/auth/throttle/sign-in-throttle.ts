import type { RequestContext } from '../../http/request-context.ts';
import { addressKey } from '../../network/client-address.ts';
import type { Services } from '../../services.ts';
import { accountKey, createAccountCeiling } from './account-ceiling.ts';
import { createAddressLimit } from './address-limit.ts';
import { createTryLimit, refuse } from './try-limit.ts';

/** All addresses over their limit count as one caller in the hashing queue. */
const SPENT = 'spent';

/** One try to sign in. */
export interface SignInAttempt {
  /** Caller under which this try waits in the hashing queue. */
  readonly who: string;
  /**
   * Counts the try. Call it when the hash may run: a try that the full queue refuses is not counted.
   *
   * @returns whether the right password may be accepted; if not, respond as to a wrong one
   * @throws Problem 429
   */
  begin(): Promise<boolean>;
  /**
   * After a wrong password: counts it for the address.
   *
   * @throws Problem 429 when the address was over its limit before. It is thrown after the hash, for every account alike:
   *   an earlier response would show which accounts have signed in from this address
   */
  failed(): Promise<void>;
  /** After a right password: sets the counts of wrong ones to zero. */
  succeeded(): Promise<void>;
}

export interface SignInThrottle {
  /**
   * Checks whether a try may wait in the hashing queue.
   *
   * @param email canonical; unknown ones are counted too, so that a 429 does not show whether the account exists
   * @throws Problem 429
   */
  admit(email: string, context: RequestContext): Promise<SignInAttempt>;
  /** After the owner used a mailed token from this address. */
  proved(email: string, context: RequestContext): Promise<void>;
}

/**
 * Slows guessing down. No limit locks an account or a shared address: otherwise an attacker could lock its owner out by
 * guessing. `docs/security.md` has all numbers. Source: ASVS 5.0 V6.3.1, V6.1.1; NIST SP 800-63B-4, 3.2.2.
 */
export function createSignInThrottle(services: Services): SignInThrottle {
  const tries = createTryLimit(services, 'sign-in');
  const addresses = createAddressLimit(services);
  const ceiling = createAccountCeiling(services);
  const pair = (email: string, ip: string) => `${accountKey(email)}:${addressKey(ip)}`;

  return {
    admit: async (email, context) => {
      const claimant = { email, ip: context.ip };
      const key = pair(email, context.ip);
      await tries.check(key, context);
      const [spentUntil, known] = await Promise.all([addresses.spentUntil(context.ip), ceiling.isKnown(claimant)]);
      const spent = spentUntil !== undefined;
      return {
        who: spent ? SPENT : addressKey(context.ip),
        begin: async () => {
          await tries.count(key, context);
          return ceiling.count(claimant, known ? 'known' : spent ? 'spent' : 'new');
        },
        failed: async () => {
          await addresses.failed(context.ip);
          if (spent) refuse(spentUntil, context, services.clock());
        },
        succeeded: async () => {
          await Promise.all([tries.forgive(key), ceiling.forgive(claimant)]);
        },
      };
    },
    proved: async (email, context) => {
      await Promise.all([tries.forgive(pair(email, context.ip)), ceiling.prove({ email, ip: context.ip })]);
    },
  };
}
