import type { UserRow } from '../../database/schema.ts';
import { driver } from '../../database/chosen.ts';
import { compiledQuery } from '../../database/compiled-query.ts';
import type { Database, UnitOfWork } from '../../database/unit-of-work.ts';
import type { FactorRow } from './totprows.ts';

/** A factor whose owner has proved that the app has the secret. */
export type ConfirmedFactor = FactorRow & { readonly confirmed_at: number };

export const isConfirmed = (factor: FactorRow | undefined): factor is ConfirmedFactor => typeof factor?.confirmed_at === 'number';

export type FactorOwner = Pick<UserRow, 'disabled_at' | 'email' | 'email_verified_at' | 'password_hash' | 'role'>;

/** Second factors and recovery codes. Times are milliseconds since 1970. */
export interface Factors {
  /** Locks the account until the unit ends, so that one request at a time changes how its owner signs in. */
  lockOwner(unit: UnitOfWork, userId: string): Promise<FactorOwner | undefined>;
  find(connection: Database, userId: string): Promise<FactorRow | undefined>;
  /** Runs on every request of a role that needs a factor. */
  isConfirmed(userId: string): Promise<boolean>;
  /** Adds a factor that its owner has to confirm; it takes the place of one that was never confirmed. */
  begin(unit: UnitOfWork, row: FactorRow): Promise<void>;
  /** @returns false when there is no unconfirmed factor of that secret */
  confirm(unit: UnitOfWork, factor: FactorRow, at: { readonly now: number; readonly step: number }): Promise<boolean>;
  /**
   * Accepts a code of a step, once. A single statement, so that only one of two requests at the same moment succeeds.
   *
   * @returns false when a code of this step or of a later one was used, or the factor was replaced
   */
  spendStep(unit: UnitOfWork, factor: FactorRow, step: number): Promise<boolean>;
  /** Accepts a recovery code, once. A single statement, as above. */
  spendRecoveryCode(unit: UnitOfWork, userId: string, hash: string): Promise<boolean>;
  /** New recovery codes take the place of all others. */
  replaceRecoveryCodes(unit: UnitOfWork, userId: string, hashes: readonly string[]): Promise<void>;
  countRecoveryCodes(userId: string): Promise<number>;
  /** Removes the factor and its recovery codes. @returns whether there was one */
  remove(unit: UnitOfWork, userId: string): Promise<boolean>;
}

export function createFactors(database: Database): Factors {
  const confirmed = compiledQuery<{ userId: string }, Pick<FactorRow, 'user_id'>>(database, (bind) =>
    database.selectFrom('totp_factors').select('user_id').where('user_id', '=', bind('userId')).where('confirmed_at', 'is not', null),
  );

  return {
    lockOwner: (unit, userId) =>
      unit
        .selectFrom('users')
        .select(['email', 'password_hash', 'role', 'email_verified_at', 'disabled_at'])
        .where('id', '=', userId)
        .$if(driver.supportsRowLocks, (query) => query.forUpdate())
        .executeTakeFirst(),

    find: (connection, userId) => connection.selectFrom('totp_factors').selectAll().where('user_id', '=', userId).executeTakeFirst(),

    isConfirmed: async (userId) => (await confirmed({ userId })).length > 0,

    begin: async (unit, row) => {
      await unit.deleteFrom('totp_factors').where('user_id', '=', row.user_id).where('confirmed_at', 'is', null).execute();
      await unit.insertInto('totp_factors').values(row).execute();
    },

    confirm: async (unit, { user_id, created_at }, { now, step }) => {
      const begun = unit.updateTable('totp_factors').set({ confirmed_at: now, last_step: step }).where('user_id', '=', user_id);
      const same = begun.where('confirmed_at', 'is', null).where('created_at', '=', created_at);
      return (await same.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
    },

    spendStep: async (unit, { user_id, confirmed_at }, step) => {
      const factor = unit.updateTable('totp_factors').set({ last_step: step }).where('user_id', '=', user_id);
      const unused = factor.where('confirmed_at', '=', confirmed_at).where('last_step', '<', step);
      return (await unused.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
    },

    spendRecoveryCode: async (unit, userId, hash) => {
      const code = unit.deleteFrom('totp_recovery_codes').where('code_hash', '=', hash).where('user_id', '=', userId);
      return (await code.executeTakeFirstOrThrow()).numDeletedRows === 1n;
    },

    replaceRecoveryCodes: async (unit, userId, hashes) => {
      await unit.deleteFrom('totp_recovery_codes').where('user_id', '=', userId).execute();
      await unit
        .insertInto('totp_recovery_codes')
        .values(hashes.map((code_hash) => ({ code_hash, user_id: userId })))
        .execute();
    },

    countRecoveryCodes: async (userId) =>
      (await database.selectFrom('totp_recovery_codes').select('code_hash').where('user_id', '=', userId).execute()).length,

    remove: async (unit, userId) => {
      await unit.deleteFrom('totp_recovery_codes').where('user_id', '=', userId).execute();
      const factor = unit.deleteFrom('totp_factors').where('user_id', '=', userId);
      return (await factor.executeTakeFirstOrThrow()).numDeletedRows === 1n;
    },
  };
}
