import type { Migration } from 'kysely/migration';
import * as initial from './0001_initial.ts';
import * as rateLimits from './0002_rate_limits.ts';
import * as accountDeletion from './0003_account_deletion.ts';
import * as mailedTokens from './0004_mailed_tokens.ts';
import * as usersByRole from './0005_users_by_role.ts';
import * as volatileRateLimits from './0006_volatile_rate_limits.ts';
import * as upkeep from './0007_upkeep.ts';
import * as sessionTokens from './0008_session_tokens.ts';

/** Migrations of the template. Those of your features are in their `migrations.ts`. Never edit or remove one that has run. */
export const migrations: Record<string, Migration> = {
  '0001_initial': initial,
  '0002_rate_limits': rateLimits,
  '0003_account_deletion': accountDeletion,
  '0004_mailed_tokens': mailedTokens,
  '0005_users_by_role': usersByRole,
  '0006_volatile_rate_limits': volatileRateLimits,
  '0007_upkeep': upkeep,
  '0008_session_tokens': sessionTokens,
};
