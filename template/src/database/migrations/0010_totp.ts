import type { Kysely } from 'kysely';

/** Second factors, their recovery codes, and sign-ins that wait for a code. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('totp_factors')
    .addColumn('user_id', 'varchar(36)', (column) => column.primaryKey().references('users.id').onDelete('cascade'))
    .addColumn('secret', 'varchar(255)', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('confirmed_at', 'bigint')
    .addColumn('last_step', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('totp_recovery_codes')
    .addColumn('code_hash', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('user_id', 'varchar(36)', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .execute();
  await database.schema
    .createTable('totp_pending')
    .addColumn('token_hash', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('user_id', 'varchar(36)', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('password_proof', 'varchar(64)', (column) => column.notNull())
    .addColumn('tries', 'integer', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  const index = (table: string, name: string, ...columns: string[]) =>
    database.schema.createIndex(name).on(table).columns(columns).execute();
  await index('totp_factors', 'totp_factors_unconfirmed', 'confirmed_at', 'created_at');
  await index('totp_recovery_codes', 'totp_recovery_codes_of_user', 'user_id');
  await index('totp_pending', 'totp_pending_of_user', 'user_id');
  await index('totp_pending', 'totp_pending_by_expiry', 'expires_at');
}
