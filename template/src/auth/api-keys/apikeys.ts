import type { Owned } from '../../database/portions.ts';

export interface ApiKeyRow {
  /** Random, not secret: lists, logs and the key itself have it. */
  id: string;
  user_id: string;
  name: string;
  /** Permissions, separated by spaces. */
  scopes: string;
  /** SHA-256 of the secret, hex. The secret itself is never stored. */
  secret_hash: string;
  created_at: number;
  expires_at: number;
  /** At most an hour older than the last use. Null until the first one. */
  last_used_at: number | null;
}

/** Adds the table to the types of all queries. */
declare module '../../database/schema.ts' {
  interface Schema {
    api_keys: ApiKeyRow;
  }
}

/**
 * Rows that are deleted with an account. This file stays in a project that no longer has API keys, like the migration
 * that creates the table: the rows of deleted accounts must go there too.
 */
export const apikeys: Owned = { table: 'api_keys', key: 'id', owner: 'user_id', largestRow: 2500 };
