import type { Dialect, Kysely, Transaction } from 'kysely';
import type { Log } from '../observability/log.ts';
import type { Schema } from './schema.ts';

export interface DatabaseOptions {
  readonly databaseUrl: string;
  readonly log: Log;
  /** Longest time of a statement, in milliseconds. Default: 5000; migrations take longer. Not used by SQLite. */
  readonly statementTimeoutMs?: number;
}

/** Operations that differ between databases. `chosen.ts` names the database of this project. */
export interface DatabaseDriver {
  /** Whether a query that decides about a write must lock the rows it reads. */
  readonly supportsRowLocks: boolean;
  /** @throws Error when the database is a file that cannot be opened */
  createDialect(options: DatabaseOptions): Dialect;
  /** Whether the error means that the database is not available now, not that the query is wrong. */
  isUnavailable(error: unknown): boolean;
  /** Locks a name until the transaction ends: others with the same name wait. For things that have no row to lock. */
  lockName(transaction: Transaction<Schema>, name: string): Promise<void>;
  /** For migrations: writes to the table do not wait for the disk, and a crash of the database server may lose its rows. */
  makeVolatile(database: Kysely<unknown>, table: string): Promise<void>;
}
