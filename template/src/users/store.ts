import type { Kysely, Transaction } from 'kysely';
import type { Role } from '../access/policy.ts';
import type { Principal } from '../access/principal.ts';
import { endOneTimeTokens } from '../auth/one-time-tokens.ts';
import { endSessions } from '../auth/sessions.ts';
import { driver } from '../database/chosen.ts';
import { compiledQuery } from '../database/compiled-query.ts';
import { newestFirst } from '../database/newest-first.ts';
import type { PageRequest } from '../database/newest-first.ts';
import type { Schema, UserRow } from '../database/schema.ts';
import { closeAccount } from './deletion.ts';
import { isLastAdmin } from './rules.ts';
import type { Refusal } from './rules.ts';

const COLUMNS = ['id', 'email', 'display_name', 'role', 'email_verified_at', 'disabled_at', 'created_at'] as const;

export type User = Pick<UserRow, (typeof COLUMNS)[number]>;

export interface UserChange {
  readonly role?: Role | undefined;
  readonly disabled?: boolean | undefined;
}

/** Users, for themselves (`…Own`) or for an administrator. The first parameter is always the caller. */
export function createUsers(database: Kysely<Schema>, clock: () => number) {
  const readUser = compiledQuery<{ id: string }, User>(database, (bind) =>
    database.selectFrom('users').select(COLUMNS).where('id', '=', bind('id')).where('deleted_at', 'is', null),
  );

  return {
    /** @returns false when the account was deleted after its request was authenticated */
    renameOwn: async ({ userId }: Principal, displayName: string): Promise<boolean> => {
      const renamed = database
        .updateTable('users')
        .set({ display_name: displayName })
        .where('id', '=', userId)
        .where('deleted_at', 'is', null);
      return (await renamed.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
    },

    /** Closes the account; `finishDeletion` deletes its rows. @returns false for the last administrator */
    closeOwn: (principal: Principal): Promise<boolean> =>
      database.transaction().execute(async (transaction) => {
        const admins = await lockAdmins(transaction);
        if (isLastAdmin(admins, principal.userId)) return false;
        await closeAccount(transaction, principal.userId, clock());
        return true;
      }),

    /** Newest first, one row more than the limit (see `toPage`). */
    list: (_admin: Principal, page: PageRequest): Promise<User[]> =>
      newestFirst(database.selectFrom('users').select(COLUMNS).where('deleted_at', 'is', null), page).execute(),

    find: async (_admin: Principal, id: string): Promise<User | undefined> => (await readUser({ id })).at(0),

    /** @returns the changed user, or why nothing was changed */
    change: (admin: Principal, id: string, { role, disabled }: UserChange): Promise<User | Refusal> =>
      database.transaction().execute(async (transaction) => {
        const admins = await lockAdmins(transaction);
        // Two administrators may demote each other at the same moment: the second request gets 403.
        if (!admins.includes(admin.userId)) return 'not-admin';
        const now = clock();
        const changed = await transaction
          .updateTable('users')
          .set({ ...(role && { role }), ...(disabled !== undefined && { disabled_at: disabled ? now : null }) })
          .where('id', '=', id)
          .where('deleted_at', 'is', null)
          .returning(COLUMNS)
          .executeTakeFirst();
        if (!changed) return 'not-found';
        if (disabled) {
          await endSessions(transaction, { userId: id, now });
          await endOneTimeTokens(transaction, id);
        }
        return changed;
      }),
  };
}

/** Ids of active administrators. Their rows are locked, so that none is removed before the transaction ends. */
async function lockAdmins(transaction: Transaction<Schema>): Promise<string[]> {
  const rows = await transaction
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabled_at', 'is', null)
    .orderBy('id')
    .$if(driver.supportsRowLocks, (query) => query.forUpdate())
    .execute();
  return rows.map(({ id }) => id);
}
