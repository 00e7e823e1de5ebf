import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { sql, type CompiledQuery, type Kysely } from 'kysely';
import { Client, DatabaseError, escapeIdentifier } from 'pg';
import type { Schema } from '../../src/database/schema.ts';

export interface TestDatabase {
  /** With the account that owns the tables. */
  readonly url: string;
  /** For a service that uses the database with an account of its own. */
  readonly settings: Readonly<Record<string, string>>;
  drop(): Promise<void>;
}

/** The server of the project, if it is on this machine: tests create and delete databases and accounts there. */
function developmentServer(): string | undefined {
  const file = existsSync('.env') ? '.env' : '.env.example';
  const { MIGRATION_DATABASE_URL, DATABASE_URL } = parseEnv(readFileSync(file, 'utf8'));
  const url = [MIGRATION_DATABASE_URL, DATABASE_URL].find((address) => address);
  return url !== undefined && ['localhost', '127.0.0.1'].includes(new URL(url).hostname) ? url : undefined;
}

const SERVER = process.env['TEST_DATABASE_URL'] ?? developmentServer();

/**
 * Creates an empty database, and an account for the service, on the server in `TEST_DATABASE_URL`, or else on the one of
 * the project. The account has a name that needs quotes.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const service = `${name} "Service"`;
  const password = randomBytes(16).toString('hex');
  await execute(`create database ${escapeIdentifier(name)}`, `create role ${escapeIdentifier(service)} login password '${password}'`);
  const url = new URL(SERVER ?? '');
  url.pathname = name;
  // Every test of this process computes hashes, and so does the password of a connection: on a busy machine it waits long.
  url.searchParams.set('connect_timeout', '60');
  return {
    url: url.href,
    settings: { DATABASE_URL: withAccount(url, service, password), MIGRATION_DATABASE_URL: url.href },
    drop: async () => {
      await dropDatabase(name);
      await execute(`drop role if exists ${escapeIdentifier(service)}`);
    },
  };
}

/** Ends the connections to a database and deletes it. */
async function dropDatabase(name: string): Promise<void> {
  const statement = `drop database if exists ${escapeIdentifier(name)}`;
  try {
    await execute(`${statement} with (force)`);
  } catch (error) {
    // `force` may not end an autovacuum worker for an account that does not administer the server. Without it PostgreSQL does.
    if (!(error instanceof DatabaseError) || error.code !== '42501') throw error;
    await execute(statement);
  }
}

function withAccount(url: URL, account: string, password: string): string {
  const changed = new URL(url);
  changed.username = encodeURIComponent(account);
  changed.password = password;
  return changed.href;
}

async function execute(...statements: readonly string[]): Promise<void> {
  const client = await connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Without a server every test would fail: one line and the end of the run say more. */
async function connect(): Promise<Client> {
  if (SERVER === undefined) return giveUp('Set TEST_DATABASE_URL: DATABASE_URL does not name a server on this machine.');
  const client = new Client({ connectionString: SERVER });
  try {
    await client.connect();
    return client;
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const name = process.env['TEST_DATABASE_URL'] === undefined ? 'DATABASE_URL' : 'TEST_DATABASE_URL';
    return giveUp(`${name}: no connection to PostgreSQL at ${new URL(SERVER).host}: ${reason}. "npm run db" starts one.`);
  }
}

function giveUp(reason: string): never {
  console.error(reason);
  process.exit(1);
}

export interface ForeignKey {
  readonly table: string;
  readonly column: string;
  readonly target: string;
}

/** All foreign keys. */
export async function foreignKeys(database: Kysely<Schema>): Promise<ForeignKey[]> {
  const { rows } = await sql<ForeignKey>`
    select conrelid::regclass::text as "table", attname as "column", confrelid::regclass::text as target
    from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1] where contype = 'f'`.execute(database);
  return rows;
}

/** A step of a plan, as PostgreSQL describes it. */
interface Step {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Step[];
}

const stepsOf = (step: Step): Step[] => [step, ...(step.Plans ?? []).flatMap(stepsOf)];

/**
 * Steps of a query that read a whole table, or a whole index, although PostgreSQL would rather use any index. A sorted list
 * that ends with a `limit` reads only the rows that it returns, and a partial index has only the rows that it is made for.
 */
export function fullScans(database: Kysely<Schema>, query: CompiledQuery): Promise<string[]> {
  return database.transaction().execute(async (transaction) => {
    // Tables of a few rows are read whole otherwise.
    await sql`set local enable_seqscan = off`.execute(transaction);
    const explained = { ...query, sql: `explain (format json) ${query.sql}` };
    const [row] = (await transaction.executeQuery<{ readonly 'QUERY PLAN': readonly { readonly Plan: Step }[] }>(explained)).rows;
    const partial = await sql<{ readonly name: string }>`
      select indexrelid::regclass::text as name from pg_index where indpred is not null`.execute(transaction);
    const mayBeReadWhole = new Set(partial.rows.map(({ name }) => name));
    const isLimited = query.sql.includes(' limit $');
    return (row?.['QUERY PLAN'] ?? [])
      .flatMap(({ Plan }) => stepsOf(Plan))
      .filter((step) => {
        const index = step['Index Name'];
        if (index === undefined) return step['Node Type'] === 'Seq Scan';
        return step['Index Cond'] === undefined && !isLimited && !mayBeReadWhole.has(index);
      })
      .map((step) => `${step['Node Type']} ${step['Index Name'] ?? ''}`);
  });
}
