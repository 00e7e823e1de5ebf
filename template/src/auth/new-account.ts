import { randomUUID } from 'node:crypto';
import type { Role } from '../access/policy.ts';
import type { UserRow } from '../database/schema.ts';

interface NewAccount {
  /** Canonical and verified. */
  readonly email: string;
  readonly role: Role;
  /** Null until its owner sets one with a mailed token. */
  readonly passwordHash: string | null;
  readonly now: number;
}

/** The row of a new account. The display name is the local part of the address until the owner changes it. */
export function newAccount({ email, role, passwordHash, now }: NewAccount): Omit<UserRow, 'deleted_at'> {
  const [name = ''] = email.split('@', 1);
  return {
    id: randomUUID(),
    email,
    display_name: name,
    role,
    password_hash: passwordHash,
    email_verified_at: now,
    disabled_at: null,
    created_at: now,
  };
}
