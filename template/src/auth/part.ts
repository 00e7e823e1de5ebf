import type { Database, UnitOfWork } from '../database/unit-of-work.ts';
import type { UpkeepTask } from '../database/upkeep-task.ts';
import type { Services } from '../services.ts';

export interface CreationOption {
  readonly option: string;
  /** @returns what the person at the terminal has to pass on */
  add(services: Services, unit: UnitOfWork, account: { readonly id: string; readonly email: string }): Promise<string>;
}

/** What an account can have besides a password and sessions. Each is a folder, listed in `parts.ts`. */
export interface AuthPart {
  /** Work that keeps its tables small, once a minute beside the requests. */
  readonly upkeep: readonly UpkeepTask[];
  /** What `npm run create-user` adds to an account if this option is given. Default: nothing. */
  readonly atCreation?: CreationOption;
  /** Ends all that a thief may have created for an account. */
  endAll(database: Database, unit: UnitOfWork, userId: string): Promise<void>;
}
