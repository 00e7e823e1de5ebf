import { parseArgs } from 'node:util';
import { databaseSettings as postgresSettings, migrationUrl } from '../config/postgres.ts';
import { databaseSettings as sqliteSettings } from '../config/sqlite.ts';
import { ConfigError, loadConfig } from '../config/index.ts';
import { copyData } from '../database/copy/copy.ts';
import type { CopyOptions } from '../database/copy/copy.ts';
import { withEnds } from '../database/copy/ends.ts';
import { CopyRefusal } from '../database/copy/table.ts';
import { migrationsOf } from '../feature.ts';
import { features } from '../features.ts';
import { createLog } from '../observability/log.ts';

const USAGE = `Usage: npm run copy-data -- [--from URL] [--to URL] [--migrate]

Copies the rows of every table from one database to another, which must be empty, and then compares both. If it is
interrupted, run it again: it copies what is missing. Stop the service first. The counts of rate limits are not copied.

  --from URL, --to URL   file:data/app.sqlite or postgresql://user:password@host:5432/database. Leave one of them out for
                         the database in DATABASE_URL: its password is then not visible in the list of processes.
  --migrate              first run pending migrations: in the source, and in a destination without tables
  --help                 print this text`;

const EXIT = { refused: 1, usage: 2 } as const;

const PROGRESS_MS = 1000;

class UsageError extends Error {}

interface Arguments {
  readonly from: string;
  readonly to: string;
  readonly mayMigrate: boolean;
}

function readArguments(): Arguments | undefined {
  const { from, to, migrate = false, help = false } = parse();
  if (help) return undefined;
  if (from === undefined && to === undefined) throw new UsageError(`Give --from, --to or both.\n\n${USAGE}`);
  for (const url of [from, to]) if (url !== undefined) requireAddress(url);
  const configured = from === undefined || to === undefined ? migrationUrl(loadConfig()) : '';
  if ((from ?? configured) === (to ?? configured)) throw new UsageError('--from and --to name the same database.');
  return { from: from ?? configured, to: to ?? configured, mayMigrate: migrate };
}

function parse() {
  const options = { from: { type: 'string' }, to: { type: 'string' }, migrate: { type: 'boolean' }, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ options }).values;
  } catch {
    throw new UsageError(USAGE);
  }
}

/** The same rules as for DATABASE_URL: passwords and rows are not sent without TLS over a network that others can read. */
function requireAddress(url: string): void {
  const rules = (url.startsWith('file:') ? sqliteSettings : postgresSettings).DATABASE_URL;
  const { error } = rules.safeParse(url);
  if (error) throw new UsageError(`--from or --to: the address ${error.issues[0]?.message ?? 'is invalid'}.`);
}

/** At most one line a second for long work, and one for each table at the end. */
function printer(): CopyOptions['onProgress'] {
  let next = performance.now() + PROGRESS_MS;
  return (step, table, rows) => {
    if (step === 'compared') console.log(`${table}: ${rows} rows, equal in both databases`);
    else if (performance.now() > next) {
      console.log(`${table}: ${rows} rows ${step} …`);
      next = performance.now() + PROGRESS_MS;
    }
  };
}

async function main(): Promise<void> {
  const given = readArguments();
  if (!given) {
    console.log(USAGE);
    return;
  }
  const { mayMigrate } = given;
  const log = createLog({ level: 'silent' });
  await withEnds({ ...given, mayCreate: mayMigrate, log }, async (from, to) => {
    await copyData({ from, to, migrations: migrationsOf(features), mayMigrate, onProgress: printer() });
    console.log(`Copied ${from.name} to ${to.name}.`);
  });
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof ConfigError ? error.exitCode : EXIT.refused;
}

try {
  await main();
} catch (error) {
  const reason = error instanceof Error ? error.message : 'unknown error';
  const isOurs = error instanceof CopyRefusal || error instanceof UsageError || error instanceof ConfigError;
  console.error(isOurs ? reason : `The copy is not complete: ${reason}. The source is unchanged. Run the command again to continue.`);
  process.exitCode = statusOf(error);
}
