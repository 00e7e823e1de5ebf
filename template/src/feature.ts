import type { Migration } from 'kysely/migration';
import type { Owned } from './database/portions.ts';
import { migrations } from './database/migrations/index.ts';
import type { Database } from './database/unit-of-work.ts';
import type { UpkeepTask } from './database/upkeep-task.ts';
import type { AnyRoute } from './http/route.ts';
import type { Services } from './services.ts';

/** What the folder of a feature adds to the program, in its `feature.ts`. `src/features.ts` lists the features. */
export interface Feature {
  readonly routes: (services: Services) => readonly AnyRoute[];
  /** By name: the date and what it does, for example `20270131_tasks`. Never rename or change one that has run. */
  readonly migrations: Readonly<Record<string, Migration>>;
  /** Tables whose rows are deleted with the account that owns them. */
  readonly ownedByUser: readonly Owned[];
  /** Work that keeps its tables small, once a minute beside the requests. Default: none. */
  readonly upkeep?: readonly UpkeepTask[];
}

/** Names of the template have four digits before the first `_`, so they sort before these. */
const NAME = /^20\d{6,12}_[a-z\d_]+$/;

/**
 * All migrations: those of the template, then those of the features by date.
 *
 * @throws Error when two migrations have the same name, or a name of a feature does not begin with a date
 */
export function migrationsOf(features: readonly Pick<Feature, 'migrations'>[]): Readonly<Record<string, Migration>> {
  const own = features.flatMap((feature) => Object.entries(feature.migrations));
  const names = new Set(Object.keys(migrations));
  for (const [name] of own) {
    if (!NAME.test(name)) throw new Error(`The migration "${name}" of a feature must be named like 20270131_tasks.`);
    if (names.has(name)) throw new Error(`Two migrations are named "${name}".`);
    names.add(name);
  }
  return { ...migrations, ...Object.fromEntries(own) };
}

/**
 * Names a forgotten migration at the start, instead of a 500 at the first request.
 *
 * @throws Error when no migration has created a table of `ownedByUser`
 */
export async function requireTables(database: Database, features: readonly Pick<Feature, 'ownedByUser'>[]): Promise<void> {
  const owned = features.flatMap((feature) => feature.ownedByUser);
  if (owned.length === 0) return;
  const existing = new Set((await database.introspection.getTables()).map(({ name }) => name));
  const missing = owned.map(({ table }) => table).filter((table) => !existing.has(table));
  if (missing.length > 0)
    throw new Error(`No migration creates the table "${missing.join('", "')}": add one to migrations.ts of its feature in src.`);
}
