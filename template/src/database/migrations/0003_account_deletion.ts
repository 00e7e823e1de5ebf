import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('users').addColumn('deleted_at', 'bigint').execute();
  await database.schema.createIndex('users_being_deleted').on('users').column('deleted_at').where('deleted_at', 'is not', null).execute();
}
