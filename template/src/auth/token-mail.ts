import { driver } from '../database/chosen.ts';
import type { Database, UnitOfWork } from '../database/unit-of-work.ts';
import { accountExists, resetPassword, verifyEmail } from '../mail/messages.ts';
import type { Message } from '../mail/message.ts';
import { createAccounts } from './account-store.ts';
import type { SignInAccount } from './account-store.ts';
import { isMailDue, mailboxOf } from './mail-quota.ts';
import { createOneTimeTokens } from './one-time-token-store.ts';
import type { Purpose } from './one-time-token-store.ts';
import { issueOneTimeToken, prolongOneTimeToken } from './one-time-tokens.ts';

export interface MailRequest {
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
  readonly user: SignInAccount | undefined;
}

/** Mails that contain a one-time token. */
export interface TokenMails {
  /**
   * Issues a token, or finds the one that an earlier try has issued, and writes the mail with it.
   *
   * @param issuedTokens those that an earlier try may have issued; empty at the first try
   * @returns undefined when no mail may be sent
   */
  write(
    unit: UnitOfWork,
    request: TokenMail,
    options: { issuedTokens: readonly string[]; publicUrl: string },
  ): Promise<Message | undefined>;
  /**
   * The same statements, one of which writes, for addresses with and without an account. Source: ASVS 5.0 V6.3.8.
   *
   * @returns undefined during the pause after a mail; tokens that were mailed before stay valid
   */
  issueWhenDue(unit: UnitOfWork, request: MailRequest): Promise<Issued | undefined>;
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

export const isPurpose = (kind: string): kind is Purpose => Object.hasOwn(MESSAGES, kind);

export function createTokenMails(database: Database): TokenMails {
  const tokens = createOneTimeTokens(database);
  const accounts = createAccounts(database);

  const issueWhenDue: TokenMails['issueWhenDue'] = async (unit, { email, purpose, now, token }) => {
    const mailbox = mailboxOf(email, purpose);
    // Without the lock, parallel requests would all see no recent mail. It locks a name: an unknown address has no row.
    await driver.lockName(unit, `${purpose}:${mailbox}`);
    const user = await accounts.lockByEmail(unit, email);
    if (!(await isMailDue(tokens, unit, { mailbox, purpose, now }))) return undefined;
    return { token: await issueOneTimeToken(tokens, unit, { email, userId: user?.id ?? null, purpose, now, token }), user };
  };

  /** @returns undefined when the token of the earlier try was used or has ended */
  async function issuedBefore(
    unit: UnitOfWork,
    { email, purpose, clock }: TokenMail,
    issued: readonly string[],
  ): Promise<Issued | undefined> {
    // Without the lock, a request that ends the token at the same moment could not be seen yet.
    await driver.lockName(unit, `${purpose}:${mailboxOf(email, purpose)}`);
    const user = await accounts.lockByEmail(unit, email);
    for (const token of issued) {
      if (await prolongOneTimeToken(tokens, unit, { token, purpose, now: clock() })) return { token, user };
    }
    return undefined;
  }

  const write: TokenMails['write'] = async (unit, request, { issuedTokens, publicUrl }) => {
    const isRetry = issuedTokens.length > 0;
    const issued = isRetry
      ? await issuedBefore(unit, request, issuedTokens)
      : await issueWhenDue(unit, { ...request, now: request.clock() });
    return issued && MESSAGES[request.purpose](publicUrl, issued);
  };

  return { write, issueWhenDue };
}
