import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { AnyDatabase } from './end.ts';
import { CopyRefusal } from './table.ts';
import type { Cell, Column, Table } from './table.ts';

/** Rows that are in memory at once; also bounds the parameters of one statement. */
const PORTION_ROWS = 250;

/** Cells in the order of `table.columns`. */
export type Row = readonly Cell[];

/** Number of the rows of a table, and the sum of their hashes: the order of the rows does not matter. */
export interface Totals {
  readonly rows: number;
  readonly hash: bigint;
}

/** All rows in portions, by primary key: each statement reads one portion by the index. */
export async function* portionsOf(database: AnyDatabase, table: Table): AsyncGenerator<readonly Row[]> {
  const keys = sql.join(table.key.map((column) => sql.ref(column)));
  let last: readonly Cell[] | undefined;
  for (;;) {
    const rest = last ? sql`where (${keys}) > (${sql.join(last)})` : sql``;
    const rows = await read(database, table, sql`${rest} order by ${keys} limit ${PORTION_ROWS}`);
    const final = rows.at(-1);
    if (!final) return;
    yield rows;
    last = keyOf(table, final);
  }
}

/** The rows of a table that have the same primary key as one of the given rows. */
export function withKeysOf(database: AnyDatabase, table: Table, rows: readonly Row[]): Promise<Row[]> {
  const [only, ...more] = table.key;
  const keys = rows.map((row) => keyOf(table, row));
  if (only !== undefined && more.length === 0) return read(database, table, sql`where ${sql.ref(only)} in (${sql.join(keys.flat())})`);
  const same = (key: readonly Cell[]) =>
    sql.join(
      table.key.map((column, index) => sql`${sql.ref(column)} = ${key.at(index)}`),
      sql` and `,
    );
  return read(database, table, sql`where ${sql.join(keys.map(same), sql` or `)}`);
}

export async function insert(database: AnyDatabase, table: Table, rows: readonly Row[]): Promise<void> {
  const record = (row: Row) => Object.fromEntries(table.columns.map(({ name }, index) => [name, row.at(index)]));
  await database.insertInto(table.name).values(rows.map(record)).execute();
}

export async function totalsOf(database: AnyDatabase, table: Table): Promise<Totals> {
  let [rows, hash] = [0, 0n];
  for await (const portion of portionsOf(database, table)) {
    rows += portion.length;
    for (const row of portion) hash = BigInt.asUintN(256, hash + BigInt(`0x${fingerprint(row)}`));
  }
  return { rows, hash };
}

/** SHA-256, hex. JSON has no bytes and no infinite numbers, so these are written as text beside their type. */
export function fingerprint(row: Row): string {
  const parts = row.map((cell) => {
    if (cell instanceof Uint8Array) return { bytes: Buffer.from(cell).toString('hex') };
    return typeof cell === 'number' ? { number: String(cell) } : cell;
  });
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

export const keyText = (table: Table, row: Row): string => fingerprint(keyOf(table, row));

function keyOf(table: Table, row: Row): Cell[] {
  const cells = new Map(table.columns.map(({ name }, index) => [name, row.at(index) ?? null]));
  return table.key.map((column) => cells.get(column) ?? null);
}

async function read(database: AnyDatabase, table: Table, which: ReturnType<typeof sql>): Promise<Row[]> {
  const names = sql.join(table.columns.map(({ name }) => sql.ref(name)));
  const { rows } = await sql<Record<string, unknown>>`select ${names} from ${sql.table(table.name)} ${which}`.execute(database);
  return rows.map((record) => {
    const values = new Map(Object.entries(record));
    return table.columns.map((column) => toCell(table, column, values.get(column.name)));
  });
}

/** @throws CopyRefusal for a whole number that JavaScript cannot hold: it would be copied as another number */
function toCell(table: Table, { name, kind }: Column, value: unknown): Cell {
  if (kind === 'integer' && typeof value === 'number' && !Number.isSafeInteger(value))
    throw new CopyRefusal(`The column ${name} of ${table.name} holds a number beyond 2^53, which this command cannot copy.`);
  return typeof value === 'boolean' ? Number(value) : (value as Cell);
}
