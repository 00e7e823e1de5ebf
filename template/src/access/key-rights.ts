import { holds } from './policy.ts';
import type { Permission, Role } from './policy.ts';
import type { Access } from './rules.ts';

/** No key can do more than this role, whoever owns it: the rights of administrators are never given to programs. */
const MOST: Role = 'user';

/** Whether a permission can be given to a key. */
export const isScope = (permission: string): permission is Permission => holds(MOST, permission as Permission);

/**
 * Only routes that need a permission are open to keys: no account, no session, no password and no other key.
 *
 * @param scopes permissions that the owner has chosen; the role that the owner has now limits the key further
 */
export const isOpenToKey = (scopes: readonly string[], access: Access): boolean =>
  access.kind === 'permission' && isScope(access.permission) && scopes.includes(access.permission);
