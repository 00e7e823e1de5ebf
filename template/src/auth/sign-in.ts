import type { Transaction } from 'kysely';
import { z } from 'zod';
import { QueueFull } from '../crypto/concurrency-limit.ts';
import type { Schema } from '../database/schema.ts';
import { Problem } from '../http/problem.ts';
import type { RequestContext } from '../http/request-context.ts';
import { canonicalEmail } from '../http/fields.ts';
import type { Services } from '../services.ts';
import { claimedPassword } from './password-policy.ts';
import { openSession } from './sessions.ts';
import { createSignInThrottle } from './throttle/sign-in-throttle.ts';
import type { SignInAttempt } from './throttle/sign-in-throttle.ts';

export const credentials = z.strictObject({ email: canonicalEmail(), password: claimedPassword() });

export type Credentials = z.output<typeof credentials>;

export interface NewSession {
  readonly userId: string;
  readonly sessionId: string;
}

/** The same response for unknown, unverified, disabled and passwordless accounts and for wrong passwords. */
export const invalidCredentials = () =>
  new Problem({
    status: 401,
    code: 'invalid-credentials',
    title: 'The e-mail address or the password is wrong.',
    headers: { 'WWW-Authenticate': 'Bearer' },
  });

/**
 * Checks a password and opens a session. What the client gets for the session is up to the strategy.
 *
 * @returns a function that signs in; `complete` runs in the transaction that opens the session. It rejects with
 *   Problem 401 `invalid-credentials`, 429, or 503 when too many hashes are waiting
 */
export function createSignIn(services: Services) {
  const { database, passwords, clock } = services;
  const throttle = createSignInThrottle(services);

  const readUser = (email: string) =>
    database
      .selectFrom('users')
      .select(['id', 'password_hash', 'email_verified_at', 'disabled_at'])
      .where('email', '=', email)
      .executeTakeFirst();

  async function verifyCredentials(
    { email, password }: Credentials,
    attempt: SignInAttempt,
    { gone }: RequestContext,
  ): Promise<{ id: string; hash: string } | undefined> {
    let user: Awaited<ReturnType<typeof readUser>>;
    const stored = async (): Promise<string | null> => {
      const opens = await attempt.begin();
      user = await readUser(email);
      return opens ? (user?.password_hash ?? null) : null;
    };
    // The hash is computed before the state of the account is checked, so that the time is the same for every account.
    const matches = await passwords.verify({ password, stored, who: attempt.who, gone });
    if (!matches || !user?.password_hash || user.email_verified_at === null || user.disabled_at !== null) return undefined;
    return { id: user.id, hash: user.password_hash };
  }

  /** When the hashing queue is full, the old hash stays: the password was right, and the next sign-in upgrades the hash. */
  async function upToDate(hash: string, password: string, { who }: SignInAttempt, { gone }: RequestContext): Promise<string> {
    if (!passwords.isOutdated(hash)) return hash;
    return passwords.hash(password, who, gone).catch((error: unknown) => {
      if (error instanceof QueueFull) return hash;
      throw error;
    });
  }

  /** Locks the user, checks that password and account did not change during the hash, and stores the upgraded hash. */
  async function lockUser(transaction: Transaction<Schema>, id: string, hash: string, newHash: string): Promise<void> {
    const { numUpdatedRows } = await transaction
      .updateTable('users')
      .set({ password_hash: newHash })
      .where('id', '=', id)
      .where('password_hash', '=', hash)
      .where('disabled_at', 'is', null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows !== 1n) throw invalidCredentials();
  }

  return async <T>(
    claimed: Credentials,
    context: RequestContext,
    complete: (transaction: Transaction<Schema>, session: NewSession) => Promise<T>,
  ): Promise<T> => {
    const attempt = await throttle.admit(claimed.email, context);
    const user = await verifyCredentials(claimed, attempt, context);
    if (!user) {
      context.audit('authn_login_fail');
      await attempt.failed();
      throw invalidCredentials();
    }
    const newHash = await upToDate(user.hash, claimed.password, attempt, context);
    const result = await database.transaction().execute(async (transaction) => {
      await lockUser(transaction, user.id, user.hash, newHash);
      const sessionId = await openSession(transaction, { userId: user.id, context, now: clock() });
      return complete(transaction, { userId: user.id, sessionId });
    });
    await attempt.succeeded();
    context.audit('authn_login_success', { userId: user.id });
    return result;
  };
}
