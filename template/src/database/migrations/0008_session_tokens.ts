import type { Kysely } from 'kysely';

/** Sessions in cookies are found by the hash of their token. Sessions of bearer tokens have none. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('sessions').addColumn('token_hash', 'varchar(64)').execute();
  await database.schema.createIndex('sessions_by_token').unique().on('sessions').column('token_hash').execute();
}
