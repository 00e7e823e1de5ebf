import { driver } from '../database/chosen.ts';
import { inOneUnit } from '../database/unit-of-work.ts';
import type { UnitOfWork } from '../database/unit-of-work.ts';
import type { RequestContext } from '../http/request-context.ts';
import { addressKey } from '../network/client-address.ts';
import type { Services } from '../services.ts';
import { mailboxOf } from './mail-quota.ts';
import { createOneTimeTokens } from './one-time-token-store.ts';
import type { MailboxProof } from './one-time-token-store.ts';
import { consumeOneTimeToken, ownerOfOneTimeToken } from './one-time-tokens.ts';
import type { OneTimeTokenUse } from './one-time-tokens.ts';
import { refuseGuessable } from './password-policy.ts';

export interface ChosenPassword extends MailboxProof {
  readonly hash: string;
  readonly now: number;
}

/**
 * Sets a password with a mailed token. If the password is refused, the token stays valid. If the token is wrong, no hash
 * is computed.
 *
 * @param store writes the hash, in the unit that uses the token up
 * @returns what `store` returns
 * @throws Problem 400 `invalid-token` or `password-compromised`; 503 when too many hashes are waiting
 */
export async function setPasswordByMail<T>(
  { database, passwords, clock }: Services,
  { token, purpose, password, context }: Omit<OneTimeTokenUse, 'now'> & { readonly password: string; readonly context: RequestContext },
  store: (unit: UnitOfWork, chosen: ChosenPassword) => Promise<T>,
): Promise<T> {
  const tokens = createOneTimeTokens(database);
  const use = { token, purpose, now: clock() };
  const proof = await ownerOfOneTimeToken(tokens, use);
  refuseGuessable(password, proof.email);
  const hash = await passwords.hash(password, addressKey(context.ip), context.gone);
  return inOneUnit(database, async (unit) => {
    await driver.lockName(unit, `${purpose}:${mailboxOf(proof.email, purpose)}`);
    const stored = await store(unit, { ...proof, hash, now: use.now });
    await consumeOneTimeToken(tokens, unit, use, proof.email);
    return stored;
  });
}
