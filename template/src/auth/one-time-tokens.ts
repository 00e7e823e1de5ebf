import type { Kysely, Transaction } from 'kysely';
import { z } from 'zod';
import { createOpaqueToken, hashOpaqueToken } from '../crypto/opaque-token.ts';
import type { OneTimeTokenRow, Schema } from '../database/schema.ts';
import { Problem } from '../http/problem.ts';
import { tokenMinutes } from '../mail/messages.ts';
import { mailboxOf } from './mail-quota.ts';

type Purpose = OneTimeTokenRow['purpose'];

const MINUTE_MS = 60_000;

/** What whoever asks for a mail is told, whether or not one is sent. */
export const checkYourEmail = z.strictObject({ status: z.literal('check-your-email') });

export const oneTimeToken = z.string().min(1).max(128);

export const invalidOneTimeToken = () =>
  new Problem({ status: 400, code: 'invalid-token', title: 'This token is wrong, used or expired. Ask for a new one.' });

/** Ends every token that was mailed to the user. */
export async function endOneTimeTokens(transaction: Transaction<Schema>, userId: string): Promise<void> {
  await transaction.deleteFrom('one_time_tokens').where('user_id', '=', userId).execute();
}

/** Makes a token. Those of earlier mails keep working: otherwise a stranger could end one that is about to be used. */
export async function issueOneTimeToken(
  transaction: Transaction<Schema>,
  { email, userId, purpose, now }: { readonly email: string; readonly userId: string | null; readonly purpose: Purpose; readonly now: number },
): Promise<string> {
  const token = createOpaqueToken();
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

export interface OneTimeTokenUse {
  readonly token: string;
  readonly purpose: Purpose;
  readonly now: number;
}

/** What a token proves: its bearer reads the mailbox. */
export interface MailboxProof {
  readonly email: string;
  /** Of the account the address had when the mail was asked for. */
  readonly userId: string | null;
}

/**
 * Whose token it is. It is not used up: `consumeOneTimeToken` decides.
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
 * Uses the token up, and ends those of other mails for the same purpose. One statement decides, so of two requests at
 * the same moment one gets it. The caller has locked mailbox and user before: whoever locks all does it in this order.
 *
 * @throws Problem 400 `invalid-token`; the transaction is undone
 */
export async function consumeOneTimeToken(transaction: Transaction<Schema>, { token, purpose, now }: OneTimeTokenUse, email: string): Promise<void> {
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
