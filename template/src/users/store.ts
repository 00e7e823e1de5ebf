import type { ExpressionBuilder } from 'kysely';
import type { Role } from '../access/policy.ts';
import type { Principal } from '../access/principal.ts';
import { driver } from '../database/chosen.ts';
import { compiledQuery } from '../database/compiled-query.ts';
import { newestFirst } from '../database/newest-first.ts';
import type { PageRequest } from '../database/newest-first.ts';
import type { Schema, UserRow } from '../database/schema.ts';
import type { Database, UnitOfWork } from '../database/unit-of-work.ts';

const COLUMNS = ['id', 'email', 'display_name', 'role', 'email_verified_at', 'disabled_at', 'created_at'] as const;

export type User = Pick<UserRow, (typeof COLUMNS)[number]>;

export interface UserChange {
  readonly role?: Role | undefined;
  /** When the user was disabled; null enables the user again. */
  readonly disabledAt?: number | null | undefined;
}

/** Users, for themselves (`…Own`) or for an administrator. The caller is always a parameter. */
export interface Users {
  /** @returns false when the account was deleted after its request was authenticated */
  renameOwn(principal: Principal, displayName: string): Promise<boolean>;
  /** Frees the address and removes name and password. `remove` deletes the row. */
  closeOwn(unit: UnitOfWork, principal: Principal, now: number): Promise<void>;
  /** Newest first, one row more than the limit (see `toPage`). */
  pageOfAll(admin: Principal, page: PageRequest): Promise<User[]>;
  find(admin: Principal, id: string): Promise<User | undefined>;
  /** Ids of active administrators. Their rows are locked, so that none is removed before the unit ends. */
  lockAdmins(unit: UnitOfWork): Promise<string[]>;
  /** @returns the changed user; undefined when there is none */
  change(unit: UnitOfWork, admin: Principal, id: string, change: UserChange): Promise<User | undefined>;
  /** Deletes a closed account whose rows are deleted. */
  remove(id: string): Promise<void>;
}

/** What closing an account changes. Its address becomes its id, which is never an address, so the column stays unique. */
export const closedAt = (now: number) => (eb: ExpressionBuilder<Schema, 'users'>) => ({
  email: eb.ref('id'),
  display_name: '',
  password_hash: null,
  disabled_at: now,
  deleted_at: now,
});

export function createUsers(database: Database): Users {
  const byId = (from: Database, id: string) =>
    from.selectFrom('users').select(COLUMNS).where('id', '=', id).where('deleted_at', 'is', null);
  const readUser = compiledQuery<{ id: string }, User>(database, (bind) => byId(database, bind('id')));

  return {
    renameOwn: async ({ userId }, displayName) => {
      const own = database.updateTable('users').set({ display_name: displayName }).where('id', '=', userId);
      return (await own.where('deleted_at', 'is', null).executeTakeFirstOrThrow()).numUpdatedRows === 1n;
    },

    closeOwn: async (unit, { userId }, now) => {
      await unit.updateTable('users').set(closedAt(now)).where('id', '=', userId).execute();
    },

    pageOfAll: (_admin, page) => newestFirst(database.selectFrom('users').select(COLUMNS).where('deleted_at', 'is', null), page).execute(),

    find: async (_admin, id) => (await readUser({ id })).at(0),

    lockAdmins: async (unit) => {
      const rows = await unit
        .selectFrom('users')
        .select('id')
        .where('role', '=', 'admin')
        .where('disabled_at', 'is', null)
        .orderBy('id')
        .$if(driver.supportsRowLocks, (query) => query.forUpdate())
        .execute();
      return rows.map(({ id }) => id);
    },

    change: async (unit, _admin, id, { role, disabledAt }) => {
      const changes = { ...(role && { role }), ...(disabledAt !== undefined && { disabled_at: disabledAt }) };
      await unit.updateTable('users').set(changes).where('id', '=', id).where('deleted_at', 'is', null).execute();
      return byId(unit, id).executeTakeFirst();
    },

    remove: async (id) => {
      await database.deleteFrom('users').where('id', '=', id).where('deleted_at', 'is not', null).execute();
    },
  };
}
