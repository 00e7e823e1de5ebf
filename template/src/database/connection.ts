import { Kysely } from 'kysely';
import type { Log } from '../operations/log.ts';
import { openDialect } from './dialect.ts';
import type { Schema } from './schema.ts';

export interface DatabaseOptions {
  readonly databaseUrl: string;
  readonly log: Log;
  /** Longest a statement may run, in milliseconds. Default 5000; migrations take longer. Not used by SQLite. */
  readonly statementTimeoutMs?: number;
}

/** Opens the database in `databaseUrl`. Close it with `destroy()`. */
export function openDatabase(options: DatabaseOptions): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: openDialect(options) });
}
