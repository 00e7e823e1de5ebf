import { z } from 'zod';
import { isScope } from '../../access/key-rights.ts';
import { text } from '../../http/fields.ts';
import { Problem } from '../../http/problem.ts';
import { claimedPassword } from '../password-policy.ts';
import type { OwnKey } from './store.ts';

/** Maximum number of keys of one account that have not expired. */
export const KEYS_PER_OWNER = 20;

const DAY_MS = 86_400_000;
/** Every key expires: one that was forgotten must not work for ever. */
const MOST_DAYS = 365;

export const keyId = z.strictObject({
  id: z
    .string()
    .max(8)
    .regex(/^[\w-]{8}$/, { error: 'api-key-id' }),
});

const scope = z.string().max(64, { abort: true }).refine(isScope, { error: 'scope' });

export const newKey = z.strictObject({
  name: text(1, 100),
  scopes: z.array(scope).min(1).max(20),
  expiresInDays: z.int().min(1).max(MOST_DAYS),
  /** The current password of the owner: with a stolen session alone nobody can make a key that outlives it. */
  password: claimedPassword(),
});

export const key = z.strictObject({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()).max(20),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
});

export const toKey = (row: OwnKey): z.input<typeof key> => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes.split(' '),
  createdAt: new Date(row.created_at).toISOString(),
  expiresAt: new Date(row.expires_at).toISOString(),
  lastUsedAt: row.last_used_at === null ? null : new Date(row.last_used_at).toISOString(),
});

export const expiryOf = (now: number, days: number): number => now + days * DAY_MS;

export const tooManyKeys = () =>
  new Problem({ status: 409, code: 'too-many-api-keys', title: `You cannot have more than ${KEYS_PER_OWNER} API keys. Delete one first.` });
