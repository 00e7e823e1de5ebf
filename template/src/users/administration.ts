import type { Role } from '../access/policy.ts';
import type { Principal } from '../access/principal.ts';
import { createTokenRotation } from '../auth/chosen-rotation.ts';
import { endAccess } from '../auth/end-access.ts';
import { createOneTimeTokens } from '../auth/one-time-token-store.ts';
import { inOneUnit } from '../database/unit-of-work.ts';
import type { Services } from '../services.ts';
import type { Refusal } from './rules.ts';
import { createUsers } from './store.ts';
import type { User } from './store.ts';

/** A change by an administrator. */
export interface RequestedChange {
  readonly role?: Role | undefined;
  readonly disabled?: boolean | undefined;
}

const stateAt = (now: number, disabled: boolean) => (disabled ? now : null);

/**
 * Changes the role of a user, or disables a user, which ends their sessions and tokens in the same unit.
 *
 * @returns the changed user, or why nothing was changed
 */
export function changeUser(
  { database, clock }: Pick<Services, 'clock' | 'database'>,
  admin: Principal,
  id: string,
  { role, disabled }: RequestedChange,
): Promise<User | Refusal> {
  const users = createUsers(database);
  return inOneUnit(database, async (unit) => {
    const admins = await users.lockAdmins(unit);
    // Two administrators may demote each other at the same moment: the second request gets 403.
    if (!admins.includes(admin.userId)) return 'not-admin';
    const now = clock();
    const changed = await users.change(unit, admin, id, { role, disabledAt: disabled === undefined ? undefined : stateAt(now, disabled) });
    if (!changed) return 'not-found';
    if (role) await createTokenRotation(database).atRoleChange(unit, { userId: id, now });
    if (disabled) {
      await endAccess(database, unit, { userId: id, now });
      await createOneTimeTokens(database).endAll(unit, id);
    }
    return changed;
  });
}
