import type { Database, UnitOfWork } from '../database/unit-of-work.ts';
import type { UpkeepTask } from '../database/upkeep-task.ts';

/** What an account can have besides a password and sessions. Each is a folder, listed in `parts.ts`. */
export interface AuthPart {
  /** Work that keeps its tables small, once a minute beside the requests. */
  readonly upkeep: readonly UpkeepTask[];
  /** Ends all that a thief may have created for an account. */
  endAll(database: Database, unit: UnitOfWork, userId: string): Promise<void>;
}
