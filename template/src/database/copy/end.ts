import type { Kysely } from 'kysely';
import type { Log } from '../../observability/log.ts';
import type { FoundColumn, FoundForeignKey } from './table.ts';

/** Tables are named by the schema of the database, not by the types of this program. */
export type AnyDatabase = Kysely<Record<string, Record<string, unknown>>>;

/** One of the two databases of a copy. */
export interface End {
  /** For messages: never contains a password. */
  readonly name: string;
  readonly database: AnyDatabase;
  columns(): Promise<readonly FoundColumn[]>;
  foreignKeys(): Promise<readonly FoundForeignKey[]>;
}

export interface EndOptions {
  readonly databaseUrl: string;
  readonly log: Log;
  /** Whether a file that is missing is created. */
  readonly mayCreate: boolean;
}

/** Longer than for requests, in milliseconds: a portion of a large table may wait for the disk. */
export const STATEMENT_TIMEOUT_MS = 10 * 60_000;

export const inUse = (name: string): string =>
  `${name} is in use: another program is connected to it. Stop the service first, so that no row changes during the copy.`;
