import type { Dialect, InsertObject, Kysely, Transaction } from 'kysely';
import type { Log } from '../observability/log.ts';
import type { RateLimitRow, Schema } from './schema.ts';
import type { Database, UnitOfWork } from './unit-of-work.ts';

export interface DatabaseOptions {
  readonly databaseUrl: string;
  readonly log: Log;
  /** Longest time of a statement, in milliseconds. Default: 5000; migrations take longer. Not used by SQLite. */
  readonly statementTimeoutMs?: number;
}

/** Hits that are added to the row of a key. */
export interface CountedHits {
  readonly key: string;
  readonly hits: number;
  readonly now: number;
  /** End of the window that these hits begin, if the last one is over. */
  readonly resetsAt: number;
}

/** Operations that differ between databases. `chosen.ts` names the database of this project. */
export interface DatabaseDriver {
  /** Whether a query that decides about a write must lock the rows it reads. */
  readonly supportsRowLocks: boolean;
  /** @throws Error when the database is a file that cannot be opened */
  createDialect(options: DatabaseOptions): Dialect;
  /** Whether the error means that the database is not available now, not that the query is wrong. */
  isUnavailable(error: unknown): boolean;
  /** Lets the account in `databaseUrl` read and write the rows of all tables, and nothing else. Runs as their owner. */
  grantAccess(owner: Kysely<Schema>, databaseUrl: string): Promise<void>;
  /** @throws Error when the account of the connection could also change the schema or the server */
  requireLimitedAccount(database: Kysely<Schema>): Promise<void>;
  /** Locks a name until the transaction ends: others with the same name wait. For things that have no row to lock. */
  lockName(transaction: Transaction<Schema>, name: string): Promise<void>;
  /** Inserts a row unless another one has the same key or the same value in a unique column. @returns whether it was inserted */
  insertIfNew<Table extends keyof Schema>(unit: UnitOfWork, table: Table, row: InsertObject<Schema, Table>): Promise<boolean>;
  /**
   * Compiles the query that adds hits to a row of `rate_limits` and returns it. A single statement: with a read and a
   * separate write, parallel requests would be counted as one hit.
   */
  compileHitCount(database: Database): (counted: CountedHits) => Promise<Pick<RateLimitRow, 'hits' | 'resets_at'>[]>;
  /** For migrations: writes to the table do not wait for the disk, and a crash of the database server may lose its rows. */
  makeVolatile(database: Kysely<unknown>, table: string): Promise<void>;
}
