import type { Principal } from '../access/principal.ts';
import type { RequestContext } from '../http/request-context.ts';
import { addressKey } from '../network/client-address.ts';
import type { Services } from '../services.ts';
import { createAccounts } from './account-store.ts';
import { invalidCredentials } from './sign-in.ts';
import { createPasswordChangeThrottle } from './throttle/password-change-throttle.ts';

/** The account of the caller as it was when its password was checked. */
export interface ProvenAccount {
  readonly email: string;
  readonly password_hash: string | null;
}

/**
 * Checks the current password of the caller. Guesses share the counts of the password change, so that a stolen session
 * does not get twice as many.
 *
 * @returns a function that rejects with Problem 401 `invalid-credentials`, 429, or 503 when too many hashes are waiting
 */
export function createPasswordProof(services: Services) {
  const { database, passwords } = services;
  const accounts = createAccounts(database);
  const throttle = createPasswordChangeThrottle(services);

  return async (password: string, { userId, sessionId }: Principal, context: RequestContext): Promise<ProvenAccount> => {
    const account = await accounts.readPassword(userId);
    const proof = { sessionId, hash: account.password_hash ?? '' };
    await throttle.check(proof, context);
    const stored = async () => ((await throttle.begin(proof, context)) ? account.password_hash : null);
    const { gone, ip } = context;
    if (!(await passwords.verify({ password, stored, who: addressKey(ip), gone }))) {
      context.audit('authn_login_fail');
      throw invalidCredentials();
    }
    await throttle.succeeded(proof);
    return account;
  };
}
