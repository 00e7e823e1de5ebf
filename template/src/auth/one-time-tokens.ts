import { z } from 'zod';
import { createOpaqueToken, hashOpaqueToken } from '../crypto/opaque-token.ts';
import type { UnitOfWork } from '../database/unit-of-work.ts';
import { Problem } from '../http/problem.ts';
import { tokenMinutes } from '../mail/messages.ts';
import { mailboxOf } from './mail-quota.ts';
import type { MailboxProof, OneTimeTokens, Purpose } from './one-time-token-store.ts';

const MINUTE_MS = 60_000;

/** The response to every mail request, whether or not a mail is sent. */
export const checkYourEmail = z.strictObject({ status: z.literal('check-your-email') });

export const oneTimeToken = z.string().min(1).max(128);

export const invalidOneTimeToken = () =>
  new Problem({ status: 400, code: 'invalid-token', title: 'This token is wrong, used or expired. Ask for a new one.' });

/** A token to issue. */
export interface NewOneTimeToken {
  readonly email: string;
  readonly userId: string | null;
  readonly purpose: Purpose;
  readonly now: number;
  /** Default: a new random one. */
  readonly token?: string | undefined;
}

/** Creates a token. Earlier tokens stay valid: otherwise a stranger could request a mail to end the token of the owner. */
export async function issueOneTimeToken(
  tokens: OneTimeTokens,
  unit: UnitOfWork,
  { email, userId, purpose, now, token = createOpaqueToken() }: NewOneTimeToken,
): Promise<string> {
  await tokens.add(unit, {
    token_hash: hashOpaqueToken(token),
    user_id: userId,
    email,
    mailbox: mailboxOf(email, purpose),
    purpose,
    issued_at: now,
    expires_at: endOf(purpose, now),
    used_at: null,
  });
  return token;
}

/**
 * Lets a token work as long as a new one, because its mail is sent once more.
 *
 * @returns false when the token was used or has ended
 */
export const prolongOneTimeToken = (tokens: OneTimeTokens, unit: UnitOfWork, { token, purpose, now }: OneTimeTokenUse): Promise<boolean> =>
  tokens.prolong(unit, { hash: hashOpaqueToken(token), now }, endOf(purpose, now));

const endOf = (purpose: Purpose, now: number) => now + tokenMinutes(purpose) * MINUTE_MS;

export interface OneTimeTokenUse {
  readonly token: string;
  readonly purpose: Purpose;
  readonly now: number;
}

/**
 * Returns the owner of a valid token without using the token up; `consumeOneTimeToken` does that.
 *
 * @throws Problem 400 `invalid-token`
 */
export async function ownerOfOneTimeToken(tokens: OneTimeTokens, { token, purpose, now }: OneTimeTokenUse): Promise<MailboxProof> {
  const proof = await tokens.find({ hash: hashOpaqueToken(token), purpose, now });
  if (!proof) throw invalidOneTimeToken();
  return proof;
}

/**
 * Uses the token up and ends other tokens for the same purpose and address. The caller has locked mailbox and user
 * before: any other order can deadlock.
 *
 * @throws Problem 400 `invalid-token`; the unit is rolled back
 */
export async function consumeOneTimeToken(
  tokens: OneTimeTokens,
  unit: UnitOfWork,
  { token, purpose, now }: OneTimeTokenUse,
  email: string,
): Promise<void> {
  const used = { hash: hashOpaqueToken(token), purpose, now };
  if (!(await tokens.use(unit, used))) throw invalidOneTimeToken();
  await tokens.endOthers(unit, used, { email, mailbox: mailboxOf(email, purpose) });
}
