import { Kysely } from 'kysely';
import { driver } from './chosen.ts';
import type { DatabaseOptions } from './driver.ts';
import type { Schema } from './schema.ts';

/** Opens the database in `databaseUrl`. Close it with `destroy()`. */
export function openDatabase(options: DatabaseOptions): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: driver.createDialect(options) });
}
