import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
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
