import type { AuthPart } from '../part.ts';
import { createApiKeys } from './store.ts';
import { expiredKeys } from './upkeep-store.ts';

export const apiKeys: AuthPart = {
  upkeep: [expiredKeys],
  endAll: (database, unit, userId) => createApiKeys(database).endAll(unit, userId),
};
