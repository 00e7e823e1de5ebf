import { ConfigError, loadConfig } from '../config/index.ts';
import { openDatabase } from '../database/connection.ts';
import { migrate } from '../database/migrator.ts';
import { migrationsOf } from '../feature.ts';
import { features } from '../features.ts';
import { createLog } from '../observability/log.ts';
import { flushLog } from '../observability/standard-output.ts';

/** Longer than for requests: a migration may rewrite a large table. */
const STATEMENT_TIMEOUT_MS = 10 * 60_000;

async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLog({ level: config.logLevel });
  const database = openDatabase({ databaseUrl: config.databaseUrl, log, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  try {
    const done = await migrate(database, migrationsOf(features));
    console.log(done.length > 0 ? `Migrated: ${done.join(', ')}` : 'Nothing to migrate.');
  } finally {
    await database.destroy();
    flushLog();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : 'The migration failed.');
  process.exitCode = error instanceof ConfigError ? error.exitCode : 1;
}
