import type { Migration } from 'kysely/migration';
import { migrate } from '../migrator.ts';
import type { End } from './end.ts';
import { fingerprint, insert, keyText, portionsOf, totalsOf, withKeysOf } from './rows.ts';
import type { Row } from './rows.ts';
import { CopyRefusal, parentsFirst, tablesOf } from './table.ts';
import type { Table } from './table.ts';

export interface CopyOptions {
  readonly from: End;
  readonly to: End;
  /** All migrations of the project, by name. */
  readonly migrations: Readonly<Record<string, Migration>>;
  /** Runs pending migrations in the source, and all of them in a destination without tables. */
  readonly mayMigrate: boolean;
  /** Called after each portion with the number of rows of the table so far. */
  readonly onProgress: (step: 'checked' | 'compared' | 'copied', table: string, rows: number) => void;
}

const MIGRATIONS = 'kysely_migration';

/** Each database has its own migrations and locks, and the counts of rate limits begin again within one window. */
const NOT_COPIED = new Set([MIGRATIONS, 'kysely_migration_lock', 'job_locks', 'rate_limits']);

/**
 * Copies every table, parents before children, then compares both databases. A second run continues where the first one
 * was interrupted: it copies the rows that are missing.
 *
 * @throws CopyRefusal when the schemas differ, when the destination has other rows, or when the copy is not equal
 */
export async function copyData(options: CopyOptions): Promise<void> {
  const { from, to } = options;
  await requireSameMigrations(options);
  const tables = parentsFirst(await copiedTables(from), await from.foreignKeys());
  requireSameTables(tables, await copiedTables(to), to);
  for (const table of tables) await requirePartOf(options, table);
  for (const table of tables) await copyTable(options, table);
  for (const table of tables) await compare(options, table);
}

async function copiedTables(end: End): Promise<Table[]> {
  const columns = await end.columns();
  return tablesOf(columns.filter(({ table }) => !NOT_COPIED.has(table)));
}

async function requireSameMigrations({ from, to, migrations, mayMigrate }: CopyOptions): Promise<void> {
  const names = Object.keys(migrations);
  const isNew = (await to.columns()).length === 0;
  const pending = new Map<End, number>();
  for (const end of [from, to]) {
    const executed = await executedIn(end);
    const unknown = executed.filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new CopyRefusal(`${end.name} has run migrations that this project does not have: ${unknown.join(', ')}.`);
    const missing = names.filter((name) => !executed.includes(name));
    const canMigrate = end === from ? executed.length > 0 : isNew;
    const hint = canMigrate ? 'Add --migrate to run them there.' : 'It is not a database of this project.';
    if (missing.length > 0 && !(canMigrate && mayMigrate)) throw new CopyRefusal(`${end.name} has not run ${missing.join(', ')}. ${hint}`);
    pending.set(end, missing.length);
  }
  for (const [end, count] of pending) if (count > 0) await migrate(end.database, migrations);
}

async function executedIn(end: End): Promise<string[]> {
  if (!(await end.columns()).some(({ table }) => table === MIGRATIONS)) return [];
  const rows = await end.database.selectFrom(MIGRATIONS).select('name').execute();
  return rows.map(({ name }) => String(name));
}

function requireSameTables(tables: readonly Table[], others: readonly Table[], to: End): void {
  const shape = ({ name, columns, key }: Table) => JSON.stringify([name, columns, key]);
  const known = new Set(others.map(shape));
  const expected = new Set(tables.map(shape));
  const differing = [...tables.filter((table) => !known.has(shape(table))), ...others.filter((table) => !expected.has(shape(table)))];
  const names = [...new Set(differing.map(({ name }) => name))];
  if (names.length > 0) throw new CopyRefusal(`${to.name} does not have the same tables: ${names.join(', ')}. Nothing was changed.`);
}

/** What is in the destination must be a part of an earlier copy. */
async function requirePartOf({ from, to, onProgress }: CopyOptions, table: Table): Promise<void> {
  let checked = 0;
  for await (const rows of portionsOf(to.database, table)) {
    const known = new Set((await withKeysOf(from.database, table, rows)).map(fingerprint));
    if (!rows.every((row) => known.has(fingerprint(row))))
      throw new CopyRefusal(`${to.name} holds other data in the table ${table.name}. Nothing was changed. Use a new database.`);
    onProgress('checked', table.name, (checked += rows.length));
  }
}

async function copyTable({ from, to, onProgress }: CopyOptions, table: Table): Promise<void> {
  let copied = 0;
  for await (const rows of portionsOf(from.database, table)) {
    const there = new Set((await withKeysOf(to.database, table, rows)).map((row) => keyText(table, row)));
    const missing: Row[] = rows.filter((row) => !there.has(keyText(table, row)));
    if (missing.length > 0)
      await insert(to.database, table, missing).catch((error: unknown) => {
        throw new CopyRefusal(
          `${to.name} refused rows of the table ${table.name}: ${error instanceof Error ? error.message : 'unknown error'}.`,
        );
      });
    onProgress('copied', table.name, (copied += rows.length));
  }
}

async function compare({ from, to, onProgress }: CopyOptions, table: Table): Promise<void> {
  const [source, copy] = [await totalsOf(from.database, table), await totalsOf(to.database, table)];
  if (source.rows !== copy.rows || source.hash !== copy.hash)
    throw new CopyRefusal(
      `The table ${table.name} differs: ${source.rows} rows in ${from.name}, ${copy.rows} in ${to.name}. A program has changed it; stop the service and use a new database.`,
    );
  onProgress('compared', table.name, copy.rows);
}
