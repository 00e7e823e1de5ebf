import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Migration } from 'kysely/migration';
import { migrationUrl } from '../config/chosen.ts';
import type { Config } from '../config/index.ts';
import type { Log } from '../observability/log.ts';
import { driver } from './chosen.ts';
import { openDatabase } from './connection.ts';
import type { Schema } from './schema.ts';

/** Longer than for requests, in milliseconds: a migration may rewrite a large table. */
const STATEMENT_TIMEOUT_MS = 10 * 60_000;

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
 * Runs pending migrations with the account that owns the tables, then lets the account of the service use them.
 *
 * @returns names of the migrations that ran
 * @throws Error of the migration that failed; the database is unchanged then
 */
export async function migrateAsOwner(config: Config, log: Log, migrations: Migrations): Promise<string[]> {
  const owner = openDatabase({ databaseUrl: migrationUrl(config), log, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  try {
    const done = await migrate(owner, migrations);
    await driver.grantAccess(owner, config.databaseUrl);
    return done;
  } finally {
    await owner.destroy();
  }
}

/** What a program needs to know whether its database is ready. */
interface Migrated {
  readonly database: Kysely<Schema>;
  readonly config: Config;
  readonly log: Log;
}

/**
 * Runs pending migrations; in production only checks that there are none, and that the account may not change tables.
 * There migrations are a separate step with another account, and several processes start at once.
 *
 * @returns names of the migrations that ran
 * @throws Error in production when migrations are pending, or when the account may do more than the service needs
 */
export async function ensureMigrated({ database, config, log }: Migrated, migrations: Migrations): Promise<string[]> {
  if (config.environment !== 'production') {
    return migrationUrl(config) === config.databaseUrl ? migrate(database, migrations) : migrateAsOwner(config, log, migrations);
  }
  const pending = await pendingMigrations(database, migrations);
  if (pending.length > 0) throw new Error(`Migrations are pending: ${pending.join(', ')}. Run "npm run migrate" first.`);
  await driver.requireLimitedAccount(database);
  return [];
}
