import type { Kysely } from 'kysely';
import { migrationUrl } from '../../src/config/chosen.ts';
import { openDatabase } from '../../src/database/connection.ts';
import type { Schema } from '../../src/database/schema.ts';
import { createLog } from '../../src/observability/log.ts';
import type { Ending, TestServer } from './server.ts';

/** The database of a server with the rights of the account that owns its tables, until the test ends. */
export function connectAsOwner(t: Ending, { services }: TestServer): Kysely<Schema> {
  const owner = openDatabase({ databaseUrl: migrationUrl(services.config), log: createLog({ level: 'silent' }) });
  t.after(() => owner.destroy());
  return owner;
}
