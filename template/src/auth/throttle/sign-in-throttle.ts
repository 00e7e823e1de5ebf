import type { RequestContext } from '../../http/request-context.ts';
import { addressKey } from '../../network/client-address.ts';
import type { Services } from '../../services.ts';
import { accountKey, createAccountCeiling } from './account-ceiling.ts';
import { createAddressLimit } from './address-limit.ts';
import { createTryLimit, refuse } from './try-limit.ts';

/** All addresses that failed too often stand in the hashing line as one caller. */
const SPENT = 'spent';

/** One try to sign in. */
export interface SignInAttempt {
  /** Whose places in the hashing line this try takes. */
  readonly who: string;
  /**
   * Counts the try. To be called when its turn has come: a full line costs nobody a try.
   *
   * @returns whether the right password opens the account; if not, everything must look as if it were wrong
   * @throws Problem 429
   */
  begin(): Promise<boolean>;
  /**
   * The password was wrong: the address pays too.
   *
   * @throws Problem 429 when the address failed too often before. Told after the work, to known and unknown accounts:
   *   told before, it would show which accounts are known here
   */
  failed(): Promise<void>;
  /** The password was right: the wrong ones before it are forgiven. */
  succeeded(): Promise<void>;
}

export interface SignInThrottle {
  /**
   * Looks whether a try may stand in line at all.
   *
   * @param email canonical; unknown ones count alike, so a 429 tells nothing
   * @throws Problem 429
   */
  admit(email: string, context: RequestContext): Promise<SignInAttempt>;
  /** The owner of the account proved the mailbox, from this address. */
  proved(email: string, context: RequestContext): Promise<void>;
}

/**
 * Slows guessing down. No limit locks an account or a shared address: whoever can lock one by guessing has a weapon
 * against its owner. `docs/security.md` has all numbers. Source: ASVS 5.0 V6.3.1, V6.1.1; NIST SP 800-63B-4, 3.2.2.
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
