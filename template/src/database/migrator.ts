import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Migration } from 'kysely/migration';
import type { Config } from '../config/index.ts';
import type { Schema } from './schema.ts';

/** By name, as in `migrationsOf`. */
type Migrations = Readonly<Record<string, Migration>>;

const migratorOf = (database: Kysely<Schema>, migrations: Migrations) =>
  new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    // A template update may bring a migration that sorts before one of yours that has run.
    allowUnorderedMigrations: true,
  });

/** Names of the migrations that have not run yet. */
export async function pendingMigrations(database: Kysely<Schema>, migrations: Migrations): Promise<string[]> {
  const known = await migratorOf(database, migrations).getMigrations();
  return known.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
}

/**
 * Runs pending migrations in one transaction, in one process at a time.
 *
 * @returns names of the migrations that ran
 * @throws Error of the migration that failed; the database is unchanged then
 */
export async function migrate(database: Kysely<Schema>, migrations: Migrations): Promise<string[]> {
  const { error, results = [] } = await migratorOf(database, migrations).migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('migration failed', { cause: error });
  return results.map(({ migrationName }) => migrationName);
}

/**
 * Runs pending migrations; in production only checks that there are none. There migrations are a separate step: several
 * processes start at once, and their account may not change tables.
 *
 * @returns names of the migrations that ran
 * @throws Error in production when migrations are pending
 */
export async function ensureMigrated(
  database: Kysely<Schema>,
  migrations: Migrations,
  environment: Config['environment'],
): Promise<string[]> {
  if (environment !== 'production') return migrate(database, migrations);
  const pending = await pendingMigrations(database, migrations);
  if (pending.length > 0) throw new Error(`Migrations are pending: ${pending.join(', ')}. Run "npm run migrate" first.`);
  return [];
}
