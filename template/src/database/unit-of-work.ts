import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.ts';

export type Database = Kysely<Schema>;

/** Changes that are stored together or not at all. Features only pass it on to stores, which alone know what it is. */
export type UnitOfWork = Transaction<Schema>;

/** Runs the work in one unit. If it throws, nothing is stored. */
export const inOneUnit = <T>(database: Database, work: (unit: UnitOfWork) => Promise<T>): Promise<T> =>
  database.transaction().execute(work);
