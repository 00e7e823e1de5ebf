import type { Owned } from '../../database/portions.ts';

export interface FactorRow {
  user_id: string;
  /** Encrypted; the id of the user is part of the context. */
  secret: string;
  created_at: number;
  /** Null until its owner has proved with a code that the app has the secret. */
  confirmed_at: number | null;
  /** The time step of the newest code that was used: no code of this step or before is accepted again. */
  last_step: number;
}

/** A recovery code that was not used yet. */
export interface RecoveryCodeRow {
  /** SHA-256 of the id of the user and the code, hex. */
  code_hash: string;
  user_id: string;
}

/** A sign-in with the right password that waits for a code. */
export interface PendingRow {
  /** SHA-256 of the token, hex. */
  token_hash: string;
  user_id: string;
  /** SHA-256 of the password hash at that time: a sign-in does not outlive a change of the password. */
  password_proof: string;
  tries: number;
  expires_at: number;
}

/** Adds the tables to the types of all queries. */
declare module '../../database/schema.ts' {
  interface Schema {
    totp_factors: FactorRow;
    totp_recovery_codes: RecoveryCodeRow;
    totp_pending: PendingRow;
  }
}

/**
 * Rows that are deleted with an account. This file stays in a project that no longer has a second factor, like the
 * migration that creates the tables: the rows of deleted accounts must go there too.
 */
export const totprows: readonly Owned[] = [
  { table: 'totp_pending', key: 'token_hash', owner: 'user_id', largestRow: 300 },
  { table: 'totp_recovery_codes', key: 'code_hash', owner: 'user_id', largestRow: 200 },
  { table: 'totp_factors', key: 'user_id', owner: 'user_id', largestRow: 500 },
];
