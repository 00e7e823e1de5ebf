import { isOpenToKey } from '../../access/key-rights.ts';
import type { Caller, CredentialLimits, Principal, Profile } from '../../access/principal.ts';
import { compiledQuery } from '../../database/compiled-query.ts';
import type { Database, UnitOfWork } from '../../database/unit-of-work.ts';
import { toCaller } from '../caller-store.ts';
import type { ApiKeyRow } from './apikeys.ts';

/** The last use is written at most this often, in milliseconds, so that few requests write. */
const USED_EVERY_MS = 3_600_000;

const COLUMNS = ['id', 'name', 'scopes', 'created_at', 'expires_at', 'last_used_at'] as const;

/** What a user sees of an own key. */
export type OwnKey = Pick<ApiKeyRow, (typeof COLUMNS)[number]>;

/** The owner of a key with the rights of the key, and what to compare and to write. */
export interface FoundKey {
  readonly caller: Caller;
  readonly secretHash: string;
  /** Whether the last use that is stored is too old. */
  readonly isUseDue: boolean;
}

/** API keys; only hashes of their secrets are stored. Times are milliseconds since 1970. */
export interface ApiKeys {
  /** A key that can be used now, with its owner as the account is now. One query, because it runs on every request. */
  find(id: string, now: number): Promise<FoundKey | undefined>;
  /**
   * Adds a key for an owner whose row the unit has locked.
   *
   * @returns false when the owner has as many as the quota allows
   */
  add(unit: UnitOfWork, key: ApiKeyRow, quota: number): Promise<boolean>;
  /** The caller's keys that have not expired, newest first. */
  listOwn(principal: Principal, page: { readonly limit: number; readonly now: number }): Promise<OwnKey[]>;
  /** @returns whether the caller had that key; false for keys of other users too */
  endOwn(principal: Principal, id: string): Promise<boolean>;
  /** Ends all keys of a user. */
  endAll(unit: UnitOfWork, userId: string): Promise<void>;
  /** Writes when the key was last used, unless another request has done so within the hour. */
  markUsed(id: string, now: number): Promise<void>;
}

type Row = Omit<Principal, 'authenticatedAt' | 'limits'> & Profile & Pick<ApiKeyRow, 'last_used_at' | 'scopes' | 'secret_hash'>;

export function createApiKeys(database: Database): ApiKeys {
  const read = compiledQuery<{ id: string; now: number }, Row>(database, (bind) =>
    database
      .selectFrom('api_keys')
      .innerJoin('users', 'users.id', 'api_keys.user_id')
      .select(['users.id as userId', 'api_keys.id as sessionId', 'users.role'])
      .select(['users.email', 'users.display_name as displayName', 'users.created_at as createdAt'])
      .select(['api_keys.scopes', 'api_keys.secret_hash', 'api_keys.last_used_at'])
      .where('api_keys.id', '=', bind('id'))
      .where('api_keys.expires_at', '>', bind('now'))
      .where('users.disabled_at', 'is', null)
      .where('users.email_verified_at', 'is not', null),
  );

  return {
    find: async (id, now) => {
      const [row] = await read({ id, now });
      if (!row) return undefined;
      const { scopes, secret_hash, last_used_at, ...rest } = row;
      // A key proves no password: what needs a recent sign-in stays closed.
      const granted = scopes.split(' ');
      const limits: CredentialLimits = { opens: (access) => isOpenToKey(granted, access), countedAs: id };
      const caller = toCaller({ ...rest, authenticatedAt: 0, limits });
      return { caller, secretHash: secret_hash, isUseDue: last_used_at === null || last_used_at <= now - USED_EVERY_MS };
    },

    add: async (unit, key, quota) => {
      const usable = unit.selectFrom('api_keys').select('id').where('user_id', '=', key.user_id).where('expires_at', '>', key.created_at);
      if (
        await usable
          .offset(quota - 1)
          .limit(1)
          .executeTakeFirst()
      )
        return false;
      await unit.insertInto('api_keys').values(key).execute();
      return true;
    },

    listOwn: ({ userId }, { limit, now }) =>
      database
        .selectFrom('api_keys')
        .select(COLUMNS)
        .where('user_id', '=', userId)
        .where('expires_at', '>', now)
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute(),

    endOwn: async ({ userId }, id) => {
      const own = database.deleteFrom('api_keys').where('id', '=', id).where('user_id', '=', userId);
      return (await own.executeTakeFirstOrThrow()).numDeletedRows === 1n;
    },

    endAll: async (unit, userId) => {
      await unit.deleteFrom('api_keys').where('user_id', '=', userId).execute();
    },

    markUsed: async (id, now) => {
      await database
        .updateTable('api_keys')
        .set({ last_used_at: now })
        .where('id', '=', id)
        .where((match) => match.or([match('last_used_at', 'is', null), match('last_used_at', '<=', now - USED_EVERY_MS)]))
        .execute();
    },
  };
}
