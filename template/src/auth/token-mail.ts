import type { Transaction } from 'kysely';
import { driver } from '../database/chosen.ts';
import type { OneTimeTokenRow, Schema, UserRow } from '../database/schema.ts';
import { accountExists, resetPassword, verifyEmail } from '../mail/messages.ts';
import type { Message } from '../mail/messages.ts';
import { isMailDue, mailboxOf } from './mail-quota.ts';
import { issueOneTimeToken, prolongOneTimeToken } from './one-time-tokens.ts';

type Purpose = OneTimeTokenRow['purpose'];
type KnownUser = Pick<UserRow, 'disabled_at' | 'email_verified_at' | 'id'>;

interface MailRequest {
  readonly email: string;
  readonly purpose: Purpose;
  readonly now: number;
  /** Default: a new random one. */
  readonly token?: string;
}

interface TokenMail extends Required<Omit<MailRequest, 'now'>> {
  readonly clock: () => number;
}

interface Issued {
  readonly token: string;
  /** The account of the address; undefined when there is none. */
  readonly user: KnownUser | undefined;
}

/**
 * Issues a token, or finds the one that an earlier try has issued, and writes the mail with it.
 *
 * @param isRetry whether an earlier try to send this mail has failed
 * @returns undefined when no mail may be sent
 */
export async function writeTokenMail(
  transaction: Transaction<Schema>,
  request: TokenMail,
  { isRetry, publicUrl }: { readonly isRetry: boolean; readonly publicUrl: string },
): Promise<Message | undefined> {
  const issued = isRetry ? await issuedBefore(transaction, request) : await issueWhenDue(transaction, { ...request, now: request.clock() });
  return issued && MESSAGES[request.purpose](publicUrl, issued);
}

const MESSAGES: Readonly<Record<Purpose, (publicUrl: string, issued: Issued) => Message | undefined>> = {
  'verify-email': (publicUrl, { token, user }) => {
    if (!user) return verifyEmail(publicUrl, token);
    if (user.disabled_at !== null) return undefined;
    return user.email_verified_at === null ? verifyEmail(publicUrl, token) : accountExists(publicUrl);
  },
  // Unverified and disabled accounts get no mail: a reset must not enable them.
  'reset-password': (publicUrl, { token, user }) =>
    user && user.email_verified_at !== null && user.disabled_at === null ? resetPassword(publicUrl, token) : undefined,
};

/**
 * The same statements, one of which writes, for addresses with and without an account. Source: ASVS 5.0 V6.3.8.
 *
 * @returns undefined during the pause after a mail; tokens that were mailed before stay valid
 */
export async function issueWhenDue(
  transaction: Transaction<Schema>,
  { email, purpose, now, token }: MailRequest,
): Promise<Issued | undefined> {
  const mailbox = mailboxOf(email, purpose);
  // Without the lock, parallel requests would all see no recent mail. It locks a name: an unknown address has no row.
  await driver.lockName(transaction, `${purpose}:${mailbox}`);
  const user = await readUser(transaction, email);
  if (!(await isMailDue(transaction, mailbox, purpose, now))) return undefined;
  return { token: await issueOneTimeToken(transaction, { email, userId: user?.id ?? null, purpose, now, token }), user };
}

/** @returns undefined when the token of the earlier try was used or has ended */
async function issuedBefore(transaction: Transaction<Schema>, { email, purpose, token, clock }: TokenMail): Promise<Issued | undefined> {
  // Without the lock, a request that ends the token at the same moment could not be seen yet.
  await driver.lockName(transaction, `${purpose}:${mailboxOf(email, purpose)}`);
  const user = await readUser(transaction, email);
  return (await prolongOneTimeToken(transaction, { token, purpose, now: clock() })) ? { token, user } : undefined;
}

const readUser = (transaction: Transaction<Schema>, email: string): Promise<KnownUser | undefined> =>
  transaction
    .selectFrom('users')
    .select(['id', 'email_verified_at', 'disabled_at'])
    .where('email', '=', email)
    .$if(driver.supportsRowLocks, (query) => query.forUpdate())
    .executeTakeFirst();
