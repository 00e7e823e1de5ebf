import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Schema } from './schema.ts';

/** The service only reads which migrations have run. */
const MIGRATION_TABLES = ['kysely_migration', 'kysely_migration_lock'];

/** Rights of the account that runs a query. */
interface Rights {
  readonly account: string;
  readonly isAdministrator: boolean;
  readonly isOwner: boolean;
  readonly canCreate: boolean;
}

/**
 * Gives the service's account the rights on rows that its statements need, in all tables, also in those of features.
 * Every right that it had before on these tables is taken away.
 *
 * @throws Error when the account does not exist, or the owner's account may not grant
 */
export async function grantAccess(owner: Kysely<Schema>, databaseUrl: string): Promise<void> {
  const service = decodeURIComponent(new URL(databaseUrl).username);
  await owner.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ account: string; schema: string }>`
      select current_user as account, current_schema() as schema`.execute(transaction);
    const [found] = rows;
    if (!found || found.account === service) return;
    const [account, schema] = [sql.id(service), sql.id(found.schema)];
    // Two processes that grant at the same time would change the same rows of the catalogue, and one of them would fail.
    await sql`select pg_advisory_xact_lock(hashtextextended('grants', 0))`.execute(transaction);
    await sql`revoke all on all tables in schema ${schema} from ${account}`.execute(transaction);
    await sql`grant usage on schema ${schema} to ${account}`.execute(transaction);
    await sql`grant select, insert, update, delete on all tables in schema ${schema} to ${account}`.execute(transaction);
    await sql`grant usage on all sequences in schema ${schema} to ${account}`.execute(transaction);
    const tables = sql.join(MIGRATION_TABLES.map((table) => sql.table(table)));
    await sql`revoke insert, update, delete on ${tables} from ${account}`.execute(transaction);
  });
}

/**
 * SQL that an attacker injects, or code that runs in the process, has all rights of the account. So it may only read and
 * write rows.
 *
 * @throws Error that names the right that is too much, and the next step
 */
export async function requireLimitedAccount(database: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<Rights>`
    select rolname as account,
      rolsuper or rolcreaterole or rolreplication or pg_has_role('pg_execute_server_program', 'member') as "isAdministrator",
      exists (select from pg_class where relnamespace = current_schema()::regnamespace and pg_has_role(relowner, 'member')) as "isOwner",
      coalesce(has_schema_privilege(current_schema(), 'create'), false) as "canCreate"
    from pg_roles where rolname = current_user`.execute(database);
  for (const { account, isAdministrator, isOwner, canCreate } of rows) {
    const right = isAdministrator ? 'administers the server' : isOwner ? 'owns the tables' : canCreate ? 'may create tables' : undefined;
    if (right !== undefined)
      throw new Error(
        `DATABASE_URL: the account ${account} ${right}. Use an account that only reads and writes rows, and put the owner of the tables into MIGRATION_DATABASE_URL: "Two accounts" in docs/operations.md has the steps.`,
      );
  }
}
