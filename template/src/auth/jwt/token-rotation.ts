import type { Database } from '../../database/unit-of-work.ts';
import type { TokenRotation } from '../token-rotation.ts';

/** Clients get new access tokens every ten minutes; the role is read on every request. So nothing is left to renew. */
export const createTokenRotation = (_database: Database): TokenRotation => ({
  atOwnChange: () => Promise.resolve(() => undefined),
  atRoleChange: () => Promise.resolve(),
});
