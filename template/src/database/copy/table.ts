/** What a value is, however the two databases call its type. */
export type Kind = 'boolean' | 'bytes' | 'integer' | 'number' | 'text';

/** Booleans are 0 and 1: SQLite has no others. */
export type Cell = Uint8Array | number | string | null;

export interface Column {
  readonly name: string;
  readonly kind: Kind;
}

export interface Table {
  readonly name: string;
  /** Sorted by name: a column that a later migration added can be at different places in two databases. */
  readonly columns: readonly Column[];
  /** Columns of the primary key. */
  readonly key: readonly string[];
}

/** A column as the database describes it. */
export interface FoundColumn {
  readonly table: string;
  readonly column: string;
  /** In lower case, without a length. */
  readonly type: string;
  /** Place in the primary key, from 1; 0 outside it. */
  readonly place: number;
}

export interface FoundForeignKey {
  readonly table: string;
  readonly parent: string;
}

/** A copy that is not begun, or not finished. The message says what to do. */
export class CopyRefusal extends Error {}

/** Types whose values are the same in both databases. Others, such as a time with a zone, would change on the way. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['bigint', 'integer'],
  ['blob', 'bytes'],
  ['boolean', 'boolean'],
  ['bytea', 'bytes'],
  ['character varying', 'text'],
  ['double precision', 'number'],
  ['integer', 'integer'],
  ['smallint', 'integer'],
  ['text', 'text'],
  ['uuid', 'text'],
  ['varchar', 'text'],
]);

/** @throws CopyRefusal when a table has no primary key or a column of another type */
export function tablesOf(found: readonly FoundColumn[]): Table[] {
  return [...Map.groupBy(found, ({ table }) => table)].map(([name, columns]) => {
    const key = columns.filter(({ place }) => place > 0).sort((one, other) => one.place - other.place);
    if (key.length === 0) throw new CopyRefusal(`The table ${name} has no primary key: its rows cannot be told apart.`);
    const sorted = columns.map(toColumn).sort((one, other) => (one.name < other.name ? -1 : 1));
    return { name, columns: sorted, key: key.map(({ column }) => column) };
  });
}

function toColumn({ table, column, type }: FoundColumn): Column {
  const kind = KINDS.get(type);
  if (kind === undefined) throw new CopyRefusal(`The column ${column} of ${table} has the type ${type}, which this command cannot copy.`);
  return { name: column, kind };
}

/**
 * Sorts the tables so that a row never comes before the row that it refers to.
 *
 * @throws CopyRefusal when tables refer to each other, or a table to itself
 */
export function parentsFirst(tables: readonly Table[], foreignKeys: readonly FoundForeignKey[]): Table[] {
  const sorted: Table[] = [];
  let left = [...tables];
  while (left.length > 0) {
    const waiting = new Set(left.map(({ name }) => name));
    const isReady = ({ name }: Table) => !foreignKeys.some(({ table, parent }) => table === name && waiting.has(parent));
    const ready = left.filter(isReady);
    if (ready.length === 0) throw new CopyRefusal(`These tables refer to each other or to themselves: ${[...waiting].join(', ')}.`);
    sorted.push(...ready);
    left = left.filter((table) => !ready.includes(table));
  }
  return sorted;
}
