import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

/** Maximum number of rows that one statement of a task changes. */
const PORTION_ROWS = 250;

export interface Upkeep {
  readonly database: Kysely<Schema>;
  /** When this run of the task began, in milliseconds since 1970. */
  readonly now: number;
  /**
   * Lets requests run. A task calls it after each portion.
   *
   * @throws Error when the process shuts down or another process does the upkeep; the task ends there
   */
  readonly pause: () => Promise<void>;
}

/**
 * Work that keeps the database small, for example deleting what has ended. One process at a time does it, about once a
 * minute. A task must be safe to interrupt at any statement and to repeat.
 */
export interface UpkeepTask {
  /** In the log, when the task fails. */
  readonly name: string;
  readonly run: (upkeep: Upkeep) => Promise<void>;
}

interface Removal {
  readonly name: string;
  /** Keys of at most `limit` rows that may go; an empty list ends the task. */
  readonly find: (upkeep: Upkeep, limit: number) => Promise<readonly string[]>;
  /** Removes these rows, or changes them so that `find` does not find them again. */
  readonly remove: (upkeep: Upkeep, keys: readonly string[]) => Promise<unknown>;
}

/** A task that removes rows in portions until none is left. */
export const removalTask = ({ name, find, remove }: Removal): UpkeepTask => ({
  name,
  run: async (upkeep) => {
    for (let keys = await find(upkeep, PORTION_ROWS); keys.length > 0; keys = await find(upkeep, PORTION_ROWS)) {
      await remove(upkeep, keys);
      await upkeep.pause();
    }
  },
});
