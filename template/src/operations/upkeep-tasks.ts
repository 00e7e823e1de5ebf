import { createOutbox } from '../auth/outbox.ts';
import { parts } from '../auth/parts.ts';
import { endedSessions, oldMailedTokens } from '../auth/upkeep-store.ts';
import type { UpkeepTask } from '../database/upkeep-task.ts';
import type { Feature } from '../feature.ts';
import { store as limits } from '../rate-limit/chosen.ts';
import type { Services } from '../services.ts';
import { ownedByUser } from '../users/owned-rows.ts';
import { neverVerifiedAccounts, unfinishedDeletions } from '../users/upkeep-store.ts';

/** All tasks of the upkeep. A feature adds its own as `upkeep` in its `feature.ts`. docs/operations.md says what bounds each table. */
export const upkeepTasks = (services: Services, features: readonly Feature[]): readonly UpkeepTask[] => [
  ...limits.upkeep,
  endedSessions,
  oldMailedTokens,
  ...parts.flatMap(({ upkeep }) => upkeep),
  neverVerifiedAccounts,
  unfinishedDeletions(ownedByUser(features)),
  ...features.flatMap(({ upkeep = [] }) => upkeep),
  // The last one: it waits for the mail server.
  createOutbox(services).upkeep,
];
