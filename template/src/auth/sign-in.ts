import { z } from 'zod';
import { QueueFull } from '../crypto/concurrency-limit.ts';
import type { UnitOfWork } from '../database/unit-of-work.ts';
import { Problem } from '../http/problem.ts';
import type { RequestContext } from '../http/request-context.ts';
import { canonicalEmail } from '../http/fields.ts';
import type { Services } from '../services.ts';
import { createAccounts } from './account-store.ts';
import type { Accounts, SignInAccount } from './account-store.ts';
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

/** What a client gets for a new session, written in the unit that opens it. */
export type Completion<T> = (unit: UnitOfWork, session: NewSession) => Promise<T>;

/** A right password of an account that can sign in. */
export interface CheckedPassword {
  readonly userId: string;
  /** The hash that the password was compared with, and the one to store. */
  readonly hash: string;
  readonly newHash: string;
  /** Call it when the unit with the sign-in is stored: sets the counts of wrong passwords to zero. */
  succeeded(): Promise<void>;
}

/**
 * Checks a password.
 *
 * @returns a function that rejects with Problem 401 `invalid-credentials`, 429, or 503 when too many hashes are waiting
 */
export function createPasswordCheck(services: Services): (claimed: Credentials, context: RequestContext) => Promise<CheckedPassword> {
  const { database, passwords } = services;
  const throttle = createSignInThrottle(services);
  const accounts = createAccounts(database);

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

  return async (claimed, context) => {
    const attempt = await throttle.admit(claimed.email, context);
    const user = await verifyCredentials(claimed, attempt, context);
    if (!user) {
      context.audit('authn_login_fail');
      await attempt.failed();
      throw invalidCredentials();
    }
    const newHash = await upToDate(user.hash, claimed.password, attempt, context);
    return { userId: user.id, hash: user.hash, newHash, succeeded: () => attempt.succeeded() };
  };
}

/**
 * Stores the hash of a checked password and locks the account until the unit ends.
 *
 * @throws Problem 401 `invalid-credentials` when the password was changed or the account disabled during the check
 */
export async function keepPassword(accounts: Accounts, unit: UnitOfWork, { userId, hash, newHash }: CheckedPassword): Promise<void> {
  if (!(await accounts.replaceHash(unit, { userId, old: hash, new: newHash }))) throw invalidCredentials();
}

/** Opens a session for a user whose row the unit has locked. What the client gets for it is up to the strategy. */
export function createSessionOpening({ database, clock }: Services) {
  const sessions = createSessions(database);
  return async <T>(unit: UnitOfWork, userId: string, context: RequestContext, complete: Completion<T>): Promise<T> =>
    complete(unit, { userId, sessionId: await openSession(sessions, unit, { userId, context, now: clock() }) });
}
