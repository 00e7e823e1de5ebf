import type { Role } from './policy.ts';
import type { Access } from './rules.ts';
import { ROLES_THAT_NEED_A_SECOND_FACTOR } from './second-factor.ts';

export const needsSecondFactor = (role: Role): boolean => ROLES_THAT_NEED_A_SECOND_FACTOR.includes(role);

/** Any signed-in caller, also one who still has to enrol the second factor of the role. */
export const authenticatedBeforeEnrolment = { kind: 'authenticated', beforeEnrolment: true } as const;

/** Whether a caller who still has to enrol may use a route. Only routes that say so are open. */
export const isOpenBeforeEnrolment = (access: Access): boolean =>
  access.kind === 'public' || ('beforeEnrolment' in access && access.beforeEnrolment === true);
