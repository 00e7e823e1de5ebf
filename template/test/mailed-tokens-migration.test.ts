import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { sql, type Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { createOneTimeTokens } from '../src/auth/one-time-token-store.ts';
import { ownerOfOneTimeToken } from '../src/auth/one-time-tokens.ts';
import { openDatabase } from '../src/database/connection.ts';
import { migrate } from '../src/database/migrator.ts';
import { migrations } from '../src/database/migrations/index.ts';
import type { Schema } from '../src/database/schema.ts';
import { createLog } from '../src/observability/log.ts';
import { createTestDatabase } from './support/database.ts';

const NAME = '0004_mailed_tokens';
const HOUR_MS = 60 * 60_000;
const TOKEN = 'a-token-that-was-mailed-before-the-update';

/** A database with the tables as they were before the migration. */
async function oldDatabase(t: TestContext): Promise<Kysely<Schema>> {
  const file = await createTestDatabase();
  const database = openDatabase({ databaseUrl: file.url, log: createLog({ level: 'silent' }) });
  t.after(async () => {
    await database.destroy();
    await file.drop();
  });
  const before = Object.fromEntries(Object.entries(migrations).filter(([name]) => name < NAME));
  const { error } = await new Migrator({ db: database, provider: { getMigrations: () => Promise.resolve(before) } }).migrateToLatest();
  assert.equal(error, undefined);
  return database;
}

async function oldAccount(database: Kysely<Schema>, email: string, verifiedAt: number | null): Promise<string> {
  const user = { id: randomUUID(), email, display_name: 'Person', role: 'user', password_hash: `hash of ${email}`, created_at: 1 } as const;
  await database
    .insertInto('users')
    .values({ ...user, email_verified_at: verifiedAt, disabled_at: null })
    .execute();
  return user.id;
}

test('the migration removes the passwords of unverified accounts and keeps mailed tokens valid', async (t) => {
  const database = await oldDatabase(t);
  const now = Date.now();
  await oldAccount(database, 'verified@example.com', 1);
  const id = await oldAccount(database, 'unverified@example.com', null);
  const row = {
    token_hash: createHash('sha256').update(TOKEN).digest('hex'),
    user_id: id,
    purpose: 'verify-email',
    expires_at: now + HOUR_MS,
  } as const;
  await sql`insert into one_time_tokens (token_hash, user_id, purpose, expires_at)
    values (${row.token_hash}, ${row.user_id}, ${row.purpose}, ${row.expires_at})`.execute(database);

  assert.ok((await migrate(database, migrations)).includes(NAME));

  const users = await database.selectFrom('users').select(['email', 'password_hash']).orderBy('email').execute();
  assert.deepEqual(
    users.map((user) => [user.email, user.password_hash]),
    [
      ['unverified@example.com', null],
      ['verified@example.com', 'hash of verified@example.com'],
    ],
  );
  const proof = await ownerOfOneTimeToken(createOneTimeTokens(database), { token: TOKEN, purpose: 'verify-email', now });
  assert.deepEqual({ ...proof }, { email: 'unverified@example.com', userId: id });
  const [token] = await database.selectFrom('one_time_tokens').select(['mailbox', 'issued_at']).execute();
  assert.deepEqual({ ...token }, { mailbox: 'unverified@example.com', issued_at: now - 23 * HOUR_MS });
  await database.deleteFrom('users').where('id', '=', id).execute();
  assert.deepEqual(await database.selectFrom('one_time_tokens').selectAll().execute(), []);
});
