import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';

export interface TestDatabase {
  /** For `DATABASE_URL`. */
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * An empty database on the server of `TEST_DATABASE_URL`, whose account must be allowed to create databases.
 *
 * @throws Error when TEST_DATABASE_URL is not set
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env['TEST_DATABASE_URL'];
  if (server === undefined) throw new Error('Set TEST_DATABASE_URL to a PostgreSQL server, e.g. postgresql://postgres:…@127.0.0.1:5432/postgres');
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
