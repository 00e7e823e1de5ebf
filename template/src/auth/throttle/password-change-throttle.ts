import type { RequestContext } from '../../http/request-context.ts';
import type { Services } from '../../services.ts';
import { accountKey as hashed, MAX_IN_A_ROW } from './account-ceiling.ts';
import { failClosed } from './fail-closed.ts';
import { createTryLimit } from './try-limit.ts';

/** The session that tries, and the stored hash that it tries to match. */
export interface PasswordProof {
  readonly sessionId: string;
  readonly hash: string;
}

export interface PasswordChangeThrottle {
  /** @throws Problem 429 */
  check(proof: PasswordProof, context: RequestContext): Promise<void>;
  /**
   * Counts the try. To be called when its turn has come.
   *
   * @returns whether the right password counts; if not, everything must look as if it were wrong
   * @throws Problem 429
   */
  begin(proof: PasswordProof, context: RequestContext): Promise<boolean>;
  succeeded(proof: PasswordProof): Promise<void>;
}

/**
 * Keeps whoever stole a session from guessing the password with it, from however many addresses. Counted for the
 * session, so a stranger without one cannot keep the owner from changing the password, and 100 in a row for one stored
 * hash: a new password, also by reset, begins at zero.
 */
export function createPasswordChangeThrottle(services: Services): PasswordChangeThrottle {
  const tries = createTryLimit(services, 'password-change');
  const guesses = failClosed(services, { prefix: 'password-change-guesses', windowMs: 30 * 86_400_000 });

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
