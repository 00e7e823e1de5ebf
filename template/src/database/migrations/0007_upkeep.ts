import type { Kysely } from 'kysely';

/** What the upkeep job needs: its lock, an index for each search by age, and the mails that wait to be sent. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('job_locks')
    .addColumn('name', 'varchar(30)', (column) => column.primaryKey())
    .addColumn('holder', 'varchar(36)', (column) => column.notNull())
    .addColumn('held_until', 'bigint', (column) => column.notNull())
    .execute();
  // The row exists from the beginning, so that taking the lock is one update that any database has.
  await database
    .$extendTables<{ job_locks: { name: string; holder: string; held_until: number } }>()
    .insertInto('job_locks')
    .values({ name: 'upkeep', holder: '', held_until: 0 })
    .execute();
  const index = (name: string, table: string, ...columns: string[]) =>
    database.schema.createIndex(name).on(table).columns(columns).execute();
  await index('sessions_by_expiry', 'sessions', 'expires_at');
  await index('sessions_by_revocation', 'sessions', 'revoked_at');
  await index('users_by_verification', 'users', 'email_verified_at', 'created_at');
  await database.schema
    .createTable('outbox')
    .addColumn('id', 'varchar(36)', (column) => column.primaryKey())
    .addColumn('kind', 'varchar(30)', (column) => column.notNull())
    .addColumn('email', 'varchar(254)', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull())
    .addColumn('due_at', 'bigint', (column) => column.notNull())
    .execute();
  await index('outbox_by_due', 'outbox', 'due_at');
  await index('outbox_of_address', 'outbox', 'email', 'kind');
}
