import type { Permission } from './policy.ts';

/** Who may call a route. Required on every route: a route without it does not compile. */
export type Access =
  | { readonly kind: 'public'; readonly reason: string }
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'permission'; readonly permission: Permission };

/** The route can be called without a sign-in. The API document shows the reason. */
export const dangerouslyPublic = (reason: string) => ({ kind: 'public', reason }) as const;

/** Any signed-in caller. */
export const authenticated = { kind: 'authenticated' } as const;

/** Callers whose role holds the permission in `access/policy.ts`. */
export const can = (permission: Permission) => ({ kind: 'permission', permission }) as const;
