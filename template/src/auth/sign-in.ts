import { z } from 'zod';
import { QueueFull } from '../crypto/concurrency-limit.ts';
import { inOneUnit } from '../database/unit-of-work.ts';
import type { UnitOfWork } from '../database/unit-of-work.ts';
import { Problem } from '../http/problem.ts';
import type { RequestContext } from '../http/request-context.ts';
import { canonicalEmail } from '../http/fields.ts';
import type { Services } from '../services.ts';
import { createAccounts } from './account-store.ts';
import type { SignInAccount } from './account-store.ts';
import { claimedPassword } from './password-policy.ts';
import { createSessions } from './session-store.ts';
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
  const accounts = createAccounts(database);
  const sessions = createSessions(database);

  async function verifyCredentials(
    { email, password }: Credentials,
    attempt: SignInAttempt,
    { gone }: RequestContext,
  ): Promise<{ id: string; hash: string } | undefined> {
    let user: SignInAccount | undefined;
    const stored = async (): Promise<string | null> => {
      const opens = await attempt.begin();
      user = await accounts.findByEmail(email);
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

  return async <T>(
    claimed: Credentials,
    context: RequestContext,
    complete: (unit: UnitOfWork, session: NewSession) => Promise<T>,
  ): Promise<T> => {
    const attempt = await throttle.admit(claimed.email, context);
    const user = await verifyCredentials(claimed, attempt, context);
    if (!user) {
      context.audit('authn_login_fail');
      await attempt.failed();
      throw invalidCredentials();
    }
    const newHash = await upToDate(user.hash, claimed.password, attempt, context);
    const result = await inOneUnit(database, async (unit) => {
      // Password and account may have changed during the hash.
      if (!(await accounts.replaceHash(unit, { userId: user.id, old: user.hash, new: newHash }))) throw invalidCredentials();
      const sessionId = await openSession(sessions, unit, { userId: user.id, context, now: clock() });
      return complete(unit, { userId: user.id, sessionId });
    });
    await attempt.succeeded();
    context.audit('authn_login_success', { userId: user.id });
    return result;
  };
}
