import type { Role } from './policy.ts';

/**
 * Roles that need a second factor. A user of one of them who has none yet can only enrol one and sign out. This file is
 * yours: an update does not change it.
 */
export const ROLES_THAT_NEED_A_SECOND_FACTOR: readonly Role[] = ['admin'];
