import type { Database, UnitOfWork } from '../../database/unit-of-work.ts';
import type { PendingRow } from './totprows.ts';

/** Sign-ins with the right password that wait for a code. Times are milliseconds since 1970. */
export interface PendingSignIns {
  add(unit: UnitOfWork, row: PendingRow): Promise<void>;
  /**
   * Counts a try before its code is checked, so that parallel tries are counted too.
   *
   * @returns undefined when the token is unknown, used or expired, or has no try left
   */
  countTry(hash: string, limit: { readonly most: number; readonly now: number }): Promise<PendingRow | undefined>;
  /** A single statement, so that only one of two requests at the same moment succeeds. @returns false when it was used */
  use(unit: UnitOfWork, hash: string): Promise<boolean>;
  /** Ends all of a user. */
  endAll(unit: UnitOfWork, userId: string): Promise<void>;
}

export function createPendingSignIns(database: Database): PendingSignIns {
  return {
    add: async (unit, row) => {
      await unit.insertInto('totp_pending').values(row).execute();
    },

    countTry: async (hash, { most, now }) => {
      const { numUpdatedRows } = await database
        .updateTable('totp_pending')
        .set((row) => ({ tries: row('tries', '+', 1) }))
        .where('token_hash', '=', hash)
        .where('tries', '<', most)
        .where('expires_at', '>', now)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) return undefined;
      return database.selectFrom('totp_pending').selectAll().where('token_hash', '=', hash).executeTakeFirst();
    },

    use: async (unit, hash) => {
      const { numDeletedRows } = await unit.deleteFrom('totp_pending').where('token_hash', '=', hash).executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },

    endAll: async (unit, userId) => {
      await unit.deleteFrom('totp_pending').where('user_id', '=', userId).execute();
    },
  };
}
