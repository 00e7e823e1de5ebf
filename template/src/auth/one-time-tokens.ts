import type { Kysely, Transaction } from 'kysely';
import { z } from 'zod';
import type { OneTimeTokenRow, Schema } from '../database/schema.ts';
import { Problem } from '../http/problem.ts';
import { tokenMinutes } from '../mail/messages.ts';
import { mailboxOf } from './mail-quota.ts';
import { createOpaqueToken, hashOpaqueToken } from '../crypto/opaque-token.ts';

type Purpose = OneTimeTokenRow['purpose'];

const MINUTE_MS = 60_000;

/** The response to every mail request, whether or not a mail is sent. */
export const checkYourEmail = z.strictObject({ status: z.literal('check-your-email') });

export const oneTimeToken = z.string().min(1).max(128);

export const invalidOneTimeToken = () =>
  new Problem({ status: 400, code: 'invalid-token', title: 'This token is wrong, used or expired. Ask for a new one.' });

/** Ends every token that was mailed to the user. */
export async function endOneTimeTokens(transaction: Transaction<Schema>, userId: string): Promise<void> {
  await transaction.deleteFrom('one_time_tokens').where('user_id', '=', userId).execute();
}

/** Creates a token. Earlier tokens stay valid: otherwise a stranger could request a mail to end the token of the owner. */
export async function issueOneTimeToken(
  transaction: Transaction<Schema>,
  {
    email,
    userId,
    purpose,
    now,
    token = createOpaqueToken(),
  }: {
    readonly email: string;
    readonly userId: string | null;
    readonly purpose: Purpose;
    readonly now: number;
    readonly token?: string | undefined;
  },
): Promise<string> {
  await transaction
    .insertInto('one_time_tokens')
    .values({
      token_hash: hashOpaqueToken(token),
      user_id: userId,
      email,
      mailbox: mailboxOf(email, purpose),
      purpose,
      issued_at: now,
      expires_at: now + tokenMinutes(purpose) * MINUTE_MS,
      used_at: null,
    })
    .execute();
  return token;
}

/**
 * Lets a token work as long as a new one, because its mail is sent once more.
 *
 * @returns false when the token was used or has ended
 */
export async function prolongOneTimeToken(transaction: Transaction<Schema>, { token, purpose, now }: OneTimeTokenUse): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('one_time_tokens')
    .set({ expires_at: now + tokenMinutes(purpose) * MINUTE_MS })
    .where('token_hash', '=', hashOpaqueToken(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

export interface OneTimeTokenUse {
  readonly token: string;
  readonly purpose: Purpose;
  readonly now: number;
}

/** What a token proves: the caller can read mails to this address. */
export interface MailboxProof {
  readonly email: string;
  /** Account of the address when the mail was requested; null when there was none. */
  readonly userId: string | null;
}

/**
 * Returns the owner of a valid token without using the token up; `consumeOneTimeToken` does that.
 *
 * @throws Problem 400 `invalid-token`
 */
export async function ownerOfOneTimeToken(database: Kysely<Schema>, { token, purpose, now }: OneTimeTokenUse): Promise<MailboxProof> {
  const proof = await database
    .selectFrom('one_time_tokens')
    .select(['email', 'user_id as userId'])
    .where('token_hash', '=', hashOpaqueToken(token))
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (!proof) throw invalidOneTimeToken();
  return proof;
}

/**
 * Uses the token up and ends other tokens for the same purpose and address. A single statement, so that only one of two
 * requests at the same moment succeeds. The caller has locked mailbox and user before: any other order can deadlock.
 *
 * @throws Problem 400 `invalid-token`; the transaction is rolled back
 */
export async function consumeOneTimeToken(
  transaction: Transaction<Schema>,
  { token, purpose, now }: OneTimeTokenUse,
  email: string,
): Promise<void> {
  const hash = hashOpaqueToken(token);
  const { numUpdatedRows } = await transaction
    .updateTable('one_time_tokens')
    .set({ used_at: now })
    .where('token_hash', '=', hash)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw invalidOneTimeToken();
  await transaction
    .updateTable('one_time_tokens')
    .set({ expires_at: now })
    .where('mailbox', '=', mailboxOf(email, purpose))
    .where('purpose', '=', purpose)
    .where('email', '=', email)
    .where('token_hash', '!=', hash)
    .where('expires_at', '>', now)
    .execute();
}
