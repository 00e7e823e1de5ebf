import { randomBytes } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { Client, escapeIdentifier } from 'pg';
import type { Schema } from '../../src/database/schema.ts';

export interface TestDatabase {
  /** For `DATABASE_URL`. */
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * Creates an empty database on the server in `TEST_DATABASE_URL`. Its account must be allowed to create databases.
 *
 * @throws Error when TEST_DATABASE_URL is not set
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env['TEST_DATABASE_URL'];
  if (server === undefined)
    throw new Error('Set TEST_DATABASE_URL to a PostgreSQL server, e.g. postgresql://postgres:…@127.0.0.1:5432/postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await execute(server, `create database ${escapeIdentifier(name)}`);
  const url = new URL(server);
  url.pathname = name;
  return {
    url: url.href,
    drop: () => execute(server, `drop database if exists ${escapeIdentifier(name)} with (force)`),
  };
}

async function execute(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
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
