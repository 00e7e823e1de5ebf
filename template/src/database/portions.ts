import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Schema } from './schema.ts';

/** Maximum that one statement deletes: a larger one would block other requests or exceed the time limit of statements. */
const PORTION_ROWS = 250;
const PORTION_BYTES = 1_500_000;

/** A table whose rows belong to a row of another table and are deleted with it. */
export type Owned = {
  readonly [Table in keyof Schema]: {
    readonly table: Table;
    /** Primary key. */
    readonly key: keyof Schema[Table] & string;
    /** Column with the key of the owner; needs an index. */
    readonly owner: keyof Schema[Table] & string;
    /** Size in bytes of the largest row that the API accepts. */
    readonly largestRow: number;
    /** Tables whose rows belong to rows of this one. */
    readonly children?: readonly Owned[];
  };
}[keyof Schema];

/**
 * Deletes all rows of the owners in portions, children first. Safe to repeat.
 *
 * @param pause lets other requests run; called after each portion. Default: one turn of the event loop
 */
export async function deleteOwned(
  database: Kysely<Schema>,
  owned: readonly Owned[],
  owners: readonly string[],
  pause: () => Promise<void> = turnOfTheEventLoop,
): Promise<void> {
  for (const { table, key, children = [], ...rest } of owned) {
    let keys = await nextPortion(database, { table, key, ...rest }, owners);
    while (keys.length > 0) {
      await deleteOwned(database, children, keys, pause);
      await sql`delete from ${sql.table(table)} where ${sql.ref(key)} in (${sql.join(keys)})`.execute(database);
      await pause();
      keys = await nextPortion(database, { table, key, ...rest }, owners);
    }
  }
}

async function nextPortion(
  database: Kysely<Schema>,
  { table, key, owner, largestRow }: Omit<Owned, 'children'>,
  owners: readonly string[],
): Promise<string[]> {
  const limit = Math.max(1, Math.min(PORTION_ROWS, Math.floor(PORTION_BYTES / largestRow)));
  const portion = sql<{ key: string }>`
    select ${sql.ref(key)} as key from ${sql.table(table)} where ${sql.ref(owner)} in (${sql.join(owners)}) limit ${limit}`;
  const { rows } = await portion.execute(database);
  return rows.map((row) => row.key);
}
