import type { Database, UnitOfWork } from '../database/unit-of-work.ts';
import { parts } from './parts.ts';
import { createSessions } from './session-store.ts';

/** Ends everything with which somebody can use an account at this moment: its sessions, and what its parts have created. */
export async function endAccess(
  database: Database,
  unit: UnitOfWork,
  { userId, now }: { readonly userId: string; readonly now: number },
): Promise<void> {
  await createSessions(database).endAll(unit, { userId, now });
  for (const part of parts) await part.endAll(database, unit, userId);
}
