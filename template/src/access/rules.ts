import type { Permission } from './policy.ts';

/** Who may call a route. Required on every route: one that forgets it does not compile. */
export type Access =
  | { readonly kind: 'public'; readonly reason: string }
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'permission'; readonly permission: Permission };

/** Opens a route to callers who are not signed in. The reason is printed by the route inventory. */
export const dangerouslyPublic = (reason: string) => ({ kind: 'public', reason }) as const;

/** Any signed-in caller. */
export const authenticated = { kind: 'authenticated' } as const;

/** Callers whose role holds the permission in `access/policy.ts`. */
export const can = (permission: Permission) => ({ kind: 'permission', permission }) as const;
