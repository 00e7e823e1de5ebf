import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/**
 * Tokens are mailed to addresses that may have no account, so the row has the address, and the account only if there is
 * one. Tokens that were mailed before stay valid.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('one_time_tokens').renameTo('one_time_tokens_before').execute();
  await database.schema
    .createTable('one_time_tokens')
    .addColumn('token_hash', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('user_id', 'varchar(36)', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('email', 'varchar(254)', (column) => column.notNull())
    .addColumn('mailbox', 'varchar(254)', (column) => column.notNull())
    .addColumn('purpose', 'varchar(30)', (column) => column.notNull())
    .addColumn('issued_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
  await sql`
    insert into one_time_tokens (token_hash, user_id, email, mailbox, purpose, issued_at, expires_at, used_at)
    select token_hash, user_id, users.email, users.email, purpose,
      expires_at - case purpose when 'reset-password' then 900000 else 86400000 end, expires_at, used_at
    from one_time_tokens_before inner join users on users.id = user_id`.execute(database);
  await database.schema.dropTable('one_time_tokens_before').execute();
  await createIndexes(database);
  // A stranger may have chosen these passwords at registration; only the owner of the mailbox may set one.
  await sql`update users set password_hash = null where email_verified_at is null`.execute(database);
}

async function createIndexes(database: Kysely<unknown>): Promise<void> {
  const index = (name: string, ...columns: string[]) => database.schema.createIndex(name).on('one_time_tokens').columns(columns).execute();
  await index('one_time_tokens_of_user', 'user_id');
  await index('one_time_tokens_of_mailbox', 'mailbox', 'purpose', 'issued_at');
  await index('one_time_tokens_by_age', 'issued_at');
}
