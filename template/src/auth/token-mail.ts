import type { Transaction } from 'kysely';
import { driver } from '../database/chosen.ts';
import type { OneTimeTokenRow, Schema, UserRow } from '../database/schema.ts';
import type { RequestContext } from '../http/request-context.ts';
import type { Message } from '../mail/messages.ts';
import type { Services } from '../services.ts';
import { createMailRequestLimit, isMailDue, mailboxOf } from './mail-quota.ts';
import { issueOneTimeToken } from './one-time-tokens.ts';

export type KnownUser = Pick<UserRow, 'disabled_at' | 'email_verified_at' | 'id'>;

interface TokenMail {
  readonly purpose: OneTimeTokenRow['purpose'];
  /** The mail for the address; undefined when no mail may be sent. */
  readonly compose: (token: string, user: KnownUser | undefined) => Message | undefined;
}

/**
 * Mails a token to any address in a request. The response and the work after it must not show whether the address has an
 * account: the response does not wait for anything that depends on the address, and afterwards every address causes the
 * same statements, one of which writes. Source: ASVS 5.0 V6.3.8.
 *
 * @returns a function that accepts a mail request. It rejects with Problem 429 when the client sends too many
 */
export function createTokenMail(
  services: Services,
  { purpose, compose }: TokenMail,
): (email: string, context: RequestContext) => Promise<void> {
  const { database, clock, mailer } = services;
  const limit = createMailRequestLimit(services, `${purpose}-mail`);

  async function answerByMail(email: string): Promise<void> {
    const now = clock();
    const issued = await database.transaction().execute((transaction) => issueWhenDue(transaction, { email, purpose, now }));
    const message = issued && compose(issued.token, issued.user);
    if (message) await mailer.send({ to: email, ...message });
  }

  return async (email, context) => {
    await limit(context);
    services.runInBackground(`${purpose}-mail`, () => answerByMail(email));
  };
}

/** @returns undefined during the pause after a mail; tokens that were mailed before stay valid */
export async function issueWhenDue(
  transaction: Transaction<Schema>,
  { email, purpose, now }: { readonly email: string; readonly purpose: TokenMail['purpose']; readonly now: number },
): Promise<{ token: string; user: KnownUser | undefined } | undefined> {
  const mailbox = mailboxOf(email, purpose);
  // Without the lock, parallel requests would all see no recent mail. It locks a name: an unknown address has no row.
  await driver.lockName(transaction, `${purpose}:${mailbox}`);
  const user = await transaction
    .selectFrom('users')
    .select(['id', 'email_verified_at', 'disabled_at'])
    .where('email', '=', email)
    .$if(driver.supportsRowLocks, (query) => query.forUpdate())
    .executeTakeFirst();
  if (!(await isMailDue(transaction, mailbox, purpose, now))) return undefined;
  return { token: await issueOneTimeToken(transaction, { email, userId: user?.id ?? null, purpose, now }), user };
}
