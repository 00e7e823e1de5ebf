import type { RequestContext } from '../../http/request-context.ts';
import type { Services } from '../../services.ts';
import { accountKey as hashed, MAX_IN_A_ROW } from './account-ceiling.ts';
import { closingCounter } from './fail-closed.ts';
import { createTryLimit } from './try-limit.ts';

/** The session that sends a password, and the stored hash of the account. */
export interface PasswordProof {
  readonly sessionId: string;
  readonly hash: string;
}

export interface PasswordChangeThrottle {
  /** @throws Problem 429 */
  check(proof: PasswordProof, context: RequestContext): Promise<void>;
  /**
   * Counts the try. Call it when the hash may run.
   *
   * @returns whether the right password may be accepted; if not, respond as to a wrong one
   * @throws Problem 429
   */
  begin(proof: PasswordProof, context: RequestContext): Promise<boolean>;
  succeeded(proof: PasswordProof): Promise<void>;
}

/**
 * Limits guesses of the current password with a stolen session, from any number of addresses. Tries are counted for the
 * session, so that strangers without a session cannot block the owner. Wrong passwords are also counted for the stored
 * hash, 100 in a row; a new password, also by reset, starts at zero.
 */
export function createPasswordChangeThrottle(services: Services): PasswordChangeThrottle {
  const tries = createTryLimit(services, 'password-change');
  const guesses = closingCounter(services, { prefix: 'password-change-guesses', windowMs: 30 * 86_400_000 });

  return {
    check: ({ sessionId }, context) => tries.check(sessionId, context),
    begin: async ({ sessionId, hash }, context) => {
      await tries.count(sessionId, context);
      return (await guesses.increment(hashed(hash))).hits <= MAX_IN_A_ROW;
    },
    succeeded: async ({ sessionId, hash }) => {
      await Promise.all([tries.forgive(sessionId), guesses.reset(hashed(hash))]);
    },
  };
}
