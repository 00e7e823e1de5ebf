import { driver } from '../database/chosen.ts';
import type { UserRow } from '../database/schema.ts';
import type { Database, UnitOfWork } from '../database/unit-of-work.ts';

/** What a sign-in must know of an account. */
export type SignInAccount = Pick<UserRow, 'disabled_at' | 'email_verified_at' | 'id' | 'password_hash'>;

/** Accounts as sign-in, registration and passwords use them. What users and administrators see is in `users/store.ts`. */
export interface Accounts {
  findByEmail(email: string): Promise<SignInAccount | undefined>;
  /** Reads the account and locks its row until the unit ends. */
  lockByEmail(unit: UnitOfWork, email: string): Promise<SignInAccount | undefined>;
  /** @throws Error when there is no account with this id */
  readPassword(userId: string): Promise<Pick<UserRow, 'email' | 'password_hash'>>;
  /** Adds an account. @returns false when the address has one */
  enrol(unit: UnitOfWork, account: Omit<UserRow, 'deleted_at'>): Promise<boolean>;
  /**
   * Verifies an account that version 0.1 of the template created at registration, and sets its password.
   *
   * @returns its id; undefined when the address has no unverified account, or its account is disabled
   */
  verify(unit: UnitOfWork, proven: { readonly email: string; readonly hash: string; readonly now: number }): Promise<string | undefined>;
  /**
   * Replaces the hash of an account and locks it.
   *
   * @returns false when another request has changed the hash or disabled the account
   */
  replaceHash(unit: UnitOfWork, hash: { readonly userId: string; readonly old: string | null; readonly new: string }): Promise<boolean>;
  /** Sets the hash, whatever it was. @returns false when the account is disabled */
  resetHash(unit: UnitOfWork, userId: string, hash: string): Promise<boolean>;
}

const byEmail = (from: Database, email: string) =>
  from.selectFrom('users').select(['id', 'password_hash', 'email_verified_at', 'disabled_at']).where('email', '=', email);

export function createAccounts(database: Database): Accounts {
  return {
    findByEmail: (email) => byEmail(database, email).executeTakeFirst(),

    lockByEmail: (unit, email) =>
      byEmail(unit, email)
        .$if(driver.supportsRowLocks, (query) => query.forUpdate())
        .executeTakeFirst(),

    readPassword: (userId) =>
      database.selectFrom('users').select(['email', 'password_hash']).where('id', '=', userId).executeTakeFirstOrThrow(),

    enrol: (unit, account) => driver.insertIfNew(unit, 'users', account),

    verify: async (unit, { email, hash, now }) => {
      const unverified = unit.updateTable('users').set({ password_hash: hash, email_verified_at: now }).where('email', '=', email);
      const verified = unverified.where('email_verified_at', 'is', null).where('disabled_at', 'is', null);
      if ((await verified.executeTakeFirstOrThrow()).numUpdatedRows !== 1n) return undefined;
      return (await unit.selectFrom('users').select('id').where('email', '=', email).executeTakeFirstOrThrow()).id;
    },

    replaceHash: async (unit, { userId, old, new: hash }) => {
      const { numUpdatedRows } = await unit
        .updateTable('users')
        .set({ password_hash: hash })
        .where('id', '=', userId)
        .where('password_hash', '=', old)
        .where('disabled_at', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    resetHash: async (unit, userId, hash) => {
      const account = unit.updateTable('users').set({ password_hash: hash }).where('id', '=', userId);
      return (await account.where('disabled_at', 'is', null).executeTakeFirstOrThrow()).numUpdatedRows === 1n;
    },
  };
}
