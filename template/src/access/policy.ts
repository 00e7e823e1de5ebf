/** The only place where roles gain permissions. */
const POLICY = {
  admin: ['users:read', 'users:write', 'notes:own'],
  user: ['notes:own'],
} as const;

export type Role = keyof typeof POLICY;
export type Permission = (typeof POLICY)[Role][number];

export const ROLES = Object.keys(POLICY) as [Role, ...Role[]];

const PERMISSIONS: ReadonlyMap<string, readonly Permission[]> = new Map(Object.entries(POLICY));

/** Whether the role has the permission. Unknown roles have none. */
export function holds(role: Role, permission: Permission): boolean {
  return PERMISSIONS.get(role)?.includes(permission) ?? false;
}
