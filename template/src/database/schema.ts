import type { Generated } from 'kysely';
import type { Role } from '../access/policy.ts';

/** All times are whole milliseconds since 1970 (UTC); all ids are random UUIDs (version 4). */
export interface UserRow {
  id: string;
  /** Canonical form: see `canonicalEmail`. Unique. */
  email: string;
  display_name: string;
  /** Null until a password is set with a mailed token. */
  password_hash: string | null;
  role: Role;
  email_verified_at: number | null;
  disabled_at: number | null;
  created_at: number;
  /** When the deletion of the account began: nobody can sign in any more, and its rows are deleted in portions. */
  deleted_at: number | null;
}

export interface UsersTable extends Omit<UserRow, 'deleted_at'> {
  deleted_at: Generated<UserRow['deleted_at']>;
}

/** One sign-in on one device. */
export interface SessionRow {
  id: string;
  user_id: string;
  user_agent: string;
  /** Address without its last part: enough for users to recognise a session, too little to track them. */
  ip_prefix: string;
  created_at: number;
  /** When a password was last checked in this session. */
  authenticated_at: number;
  last_seen_at: number;
  /** End of the session, however often it is used. */
  expires_at: number;
  revoked_at: number | null;
  /** SHA-256 of the token in the cookie, hex. Null when the session has no cookie. Unique. */
  token_hash: string | null;
}

export interface SessionsTable extends Omit<SessionRow, 'token_hash'> {
  token_hash: Generated<SessionRow['token_hash']>;
}

export interface RefreshTokenRow {
  /** SHA-256 of the token, hex. The token itself is never stored. */
  token_hash: string;
  session_id: string;
  expires_at: number;
  used_at: number | null;
}

/** A requested mail. Addresses without an account have rows too, so that the work does not show which have one. */
export interface OneTimeTokenRow {
  /** SHA-256 of the token, hex. */
  token_hash: string;
  /** Null when the address had no account. */
  user_id: string | null;
  /** Canonical address of the mail. */
  email: string;
  /** Name under which mails are counted: see `mailboxOf`. */
  mailbox: string;
  purpose: 'reset-password' | 'verify-email';
  issued_at: number;
  expires_at: number;
  used_at: number | null;
}

/** Counts of the rate limits; empty when they are counted in memory. */
export interface RateLimitRow {
  key: string;
  hits: number;
  resets_at: number;
}

/** A mail that is not sent yet. It contains neither token nor text: both are made when the mail is sent. */
export interface OutboxRow {
  /** The token of the mail is derived from it and a key that is not in the database. */
  id: string;
  /** The purpose of a one-time token, or a notice: see `mail/notices.ts`. */
  kind: string;
  email: string;
  tries: number;
  /** When the next try begins. */
  due_at: number;
}

/** Work that one process at a time may do. A lock that is not prolonged ends by itself, for example when its holder was killed. */
export interface JobLockRow {
  name: 'upkeep';
  /** Random id of the process that has the lock. */
  holder: string;
  held_until: number;
}

/** Tables of the template. A feature adds its own in its `table.ts`. */
export interface Schema {
  users: UsersTable;
  sessions: SessionsTable;
  refresh_tokens: RefreshTokenRow;
  one_time_tokens: OneTimeTokenRow;
  rate_limits: RateLimitRow;
  outbox: OutboxRow;
  job_locks: JobLockRow;
}
