import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Config } from '../config/index.ts';
import { migrations } from './migrations/index.ts';
import type { Schema } from './schema.ts';

const migratorOf = (database: Kysely<Schema>) =>
  new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    // Your migrations and those of a template update are numbered independently, so the order can differ.
    allowUnorderedMigrations: true,
  });

/** Names of the migrations that have not run yet. */
export async function pendingMigrations(database: Kysely<Schema>): Promise<string[]> {
  const known = await migratorOf(database).getMigrations();
  return known.filter(({ executedAt }) => executedAt === undefined).map(({ name }) => name);
}

/**
 * Runs pending migrations in one transaction, in one process at a time.
 *
 * @returns names of the migrations that ran
 * @throws Error of the migration that failed; the database is unchanged then
 */
export async function migrate(database: Kysely<Schema>): Promise<string[]> {
  const { error, results = [] } = await migratorOf(database).migrateToLatest();
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
export async function ensureMigrated(database: Kysely<Schema>, environment: Config['environment']): Promise<string[]> {
  if (environment !== 'production') return migrate(database);
  const pending = await pendingMigrations(database);
  if (pending.length > 0) throw new Error(`Migrations are pending: ${pending.join(', ')}. Run "npm run migrate" first.`);
  return [];
}
