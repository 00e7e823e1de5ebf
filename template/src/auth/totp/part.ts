import type { AuthPart } from '../part.ts';
import { factorAtCreation } from './creation.ts';
import { createPendingSignIns } from './pending-store.ts';
import { expiredPendingSignIns, unconfirmedFactors } from './upkeep-store.ts';

/** The factor stays when all access ends: otherwise whoever can read the mails of a user could reset both factors. */
export const totp: AuthPart = {
  atCreation: factorAtCreation,
  upkeep: [expiredPendingSignIns, unconfirmedFactors],
  endAll: (database, unit, userId) => createPendingSignIns(database).endAll(unit, userId),
};
