import { z } from 'zod';
import type { Principal, Profile } from '../access/principal.ts';
import { ROLES } from '../access/policy.ts';
import { pageOf } from '../http/pagination.ts';
import { text } from '../http/fields.ts';
import type { User } from './store.ts';

export const userId = z.strictObject({ id: z.uuid() });

export const ownChange = z.strictObject({ displayName: text(1, 100) });

export const userChange = z
  .strictObject({ role: z.enum(ROLES).optional(), disabled: z.boolean().optional() })
  .refine((change) => Object.keys(change).length > 0, { error: 'at-least-one-field' })
  .meta({ minProperties: 1 });

/** Fields that users see of their own account. */
export const me = z.strictObject({
  id: z.uuid(),
  email: z.string(),
  displayName: z.string(),
  role: z.enum(ROLES),
  createdAt: z.iso.datetime(),
});

/** Fields that administrators see of users. */
export const user = z.strictObject({ ...me.shape, disabled: z.boolean(), emailVerified: z.boolean() });

export const userPage = pageOf(user);

export const toMe = ({ userId, role }: Pick<Principal, 'role' | 'userId'>, profile: Profile): z.input<typeof me> => ({
  id: userId,
  email: profile.email,
  displayName: profile.displayName,
  role,
  createdAt: new Date(profile.createdAt).toISOString(),
});

export const toUser = (row: User): z.input<typeof user> => ({
  ...toMe({ userId: row.id, role: row.role }, { email: row.email, displayName: row.display_name, createdAt: row.created_at }),
  disabled: row.disabled_at !== null,
  emailVerified: row.email_verified_at !== null,
});
