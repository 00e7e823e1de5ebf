import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { driver } from '../sqlite.ts';
import { inUse } from './end.ts';
import type { AnyDatabase, End, EndOptions } from './end.ts';
import { CopyRefusal } from './table.ts';
import type { FoundColumn, FoundForeignKey } from './table.ts';

/** @throws CopyRefusal when the file is missing or another program has it open */
export function openSqlite({ databaseUrl, log, mayCreate }: EndOptions): End {
  const path = databaseUrl.slice('file:'.length);
  // eslint-disable-next-line security/detect-non-literal-fs-filename -- the operator names the file, nobody else can
  const exists = existsSync(path);
  if (!exists && !mayCreate) throw new CopyRefusal(`There is no database ${databaseUrl}. A new one is created with --migrate.`);
  if (exists && isOpenElsewhere(path)) throw new CopyRefusal(inUse(databaseUrl));
  const database: AnyDatabase = new Kysely({ dialect: driver.createDialect({ databaseUrl, log }) });
  return { name: databaseUrl, database, columns: () => columns(database), foreignKeys: () => foreignKeys(database) };
}

/** SQLite gives the exclusive lock to nobody while another connection is open, even to an idle one. */
function isOpenElsewhere(path: string): boolean {
  const probe = new DatabaseSync(path, { timeout: 0, defensive: true });
  try {
    probe.exec('pragma locking_mode = exclusive; begin exclusive; rollback');
    return false;
  } catch (error) {
    if (driver.isUnavailable(error)) return true;
    throw error;
  } finally {
    probe.close();
  }
}

async function columns(database: AnyDatabase): Promise<FoundColumn[]> {
  const { rows } = await sql<FoundColumn>`
    select tables.name as "table", columns.name as "column", columns.pk as place,
      lower(trim(substr(columns.type, 1, instr(columns.type || '(', '(') - 1))) as type
    from sqlite_schema as tables join pragma_table_xinfo(tables.name) as columns
    where tables.type = 'table' and tables.name not like 'sqlite#_%' escape '#'
    order by tables.name`.execute(database);
  return rows;
}

async function foreignKeys(database: AnyDatabase): Promise<FoundForeignKey[]> {
  const { rows } = await sql<FoundForeignKey>`
    select tables.name as "table", keys."table" as parent
    from sqlite_schema as tables join pragma_foreign_key_list(tables.name) as keys
    where tables.type = 'table'`.execute(database);
  return rows;
}
