import { ConfigError, loadConfig } from '../config/index.ts';
import { migrateAsOwner } from '../database/migrator.ts';
import { migrationsOf } from '../feature.ts';
import { features } from '../features.ts';
import { createLog } from '../observability/log.ts';
import { flushLog } from '../observability/standard-output.ts';

async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLog({ level: config.logLevel });
  try {
    const done = await migrateAsOwner(config, log, migrationsOf(features));
    console.log(done.length > 0 ? `Migrated: ${done.join(', ')}` : 'Nothing to migrate.');
  } finally {
    flushLog();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : 'The migration failed.');
  process.exitCode = error instanceof ConfigError ? error.exitCode : 1;
}
