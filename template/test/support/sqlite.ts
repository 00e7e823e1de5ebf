import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql, type CompiledQuery, type Kysely } from 'kysely';
import type { Schema } from '../../src/database/schema.ts';

export interface TestDatabase {
  readonly url: string;
  /** For a service that uses the database. */
  readonly settings: Readonly<Record<string, string>>;
  drop(): Promise<void>;
}

/** Creates an empty database in a temporary folder. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'test-database-'));
  const url = `file:${join(folder, 'test.sqlite')}`;
  return {
    url,
    settings: { DATABASE_URL: url },
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface ForeignKey {
  readonly table: string;
  readonly column: string;
  readonly target: string;
}

/** All foreign keys. */
export async function foreignKeys(database: Kysely<Schema>): Promise<ForeignKey[]> {
  const { rows } = await sql<ForeignKey>`
    select tables.name as "table", keys."from" as "column", keys."table" as target
    from sqlite_schema as tables join pragma_foreign_key_list(tables.name) as keys where tables.type = 'table'`.execute(database);
  return rows;
}

/** Steps of a query that read a whole table. A sorted list that ends with a `limit` reads only the rows that it returns. */
export async function fullScans(database: Kysely<Schema>, query: CompiledQuery): Promise<string[]> {
  const { rows } = await database.executeQuery<{ readonly detail: string }>({ ...query, sql: `explain query plan ${query.sql}` });
  const isLimited = query.sql.includes(' limit ?');
  return rows
    .map(({ detail }) => detail)
    .filter((detail) => detail.startsWith('SCAN ') && !(isLimited && detail.includes(' USING INDEX ')));
}
