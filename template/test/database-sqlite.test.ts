import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { sql, type Kysely } from 'kysely';
import { openDatabase } from '../src/database/connection.ts';
import { migrate } from '../src/database/migrator.ts';
import type { Schema } from '../src/database/schema.ts';
import { migrationsOf } from '../src/feature.ts';
import { features } from '../src/features.ts';
import { createLog } from '../src/observability/log.ts';

interface Place {
  readonly folder: string;
  readonly file: string;
  readonly open: () => Kysely<Schema>;
}

/** A folder that does not exist yet, inside one that is removed after the test. */
function freshPlace(t: TestContext): Place {
  const parent = mkdtempSync(join(tmpdir(), 'database-'));
  t.after(() => {
    rmSync(parent, { recursive: true });
  });
  const folder = join(parent, 'data');
  const file = join(folder, 'app.sqlite');
  return { folder, file, open: () => openDatabase({ databaseUrl: `file:${file}`, log: createLog({ level: 'silent' }) }) };
}

const user = (email: string) => ({
  id: randomUUID(),
  email,
  display_name: '',
  password_hash: null,
  role: 'user' as const,
  email_verified_at: null,
  disabled_at: null,
  created_at: 1,
});

test('the database folder gets mode 700 and its files 600, also with umask 0', async (t) => {
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const { folder, open } = freshPlace(t);
  const database = open();
  await migrate(database, migrationsOf(features));
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const files = readdirSync(folder);
  assert.ok(files.length >= 2, 'the write-ahead log is there too');
  for (const name of files) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  await database.destroy();
});

test('another process cannot write between the first read of a transaction and its write', async (t) => {
  const { open } = freshPlace(t);
  const [database, other] = [open(), open()];
  await migrate(database, migrationsOf(features));
  const accounts = async (from: Kysely<Schema>) => (await from.selectFrom('users').select('id').execute()).length;
  let written: Promise<unknown> = Promise.resolve();
  await assert.doesNotReject(
    database.transaction().execute(async (transaction) => {
      assert.equal(await accounts(transaction), 0);
      written = other.insertInto('users').values(user('other@example.com')).execute();
      await delay(100);
      await transaction.insertInto('users').values(user('first@example.com')).execute();
      assert.equal(await accounts(transaction), 1);
    }),
  );
  await written;
  assert.equal(await accounts(database), 2);
  await Promise.all([database.destroy(), other.destroy()]);
});

test('a row whose owner does not exist is refused', async (t) => {
  const database = freshPlace(t).open();
  await migrate(database, migrationsOf(features));
  const orphan = { id: randomUUID(), owner_id: randomUUID(), title: 'title', body: '', created_at: 1, updated_at: 1 };
  await assert.rejects(database.insertInto('notes').values(orphan).execute(), /FOREIGN KEY/);
  await database.destroy();
});

test('the e-mail address of a deleted user is not in the database file any more', async (t) => {
  const { file, open } = freshPlace(t);
  const database = open();
  await migrate(database, migrationsOf(features));
  const gone = user('telltale@example.com');
  await database
    .insertInto('users')
    .values([user('first@example.com'), gone, user('last@example.com')])
    .execute();
  await database.deleteFrom('users').where('id', '=', gone.id).execute();
  await database.destroy();
  assert.ok(readFileSync(file).includes('last@example.com'));
  assert.ok(!readFileSync(file).includes('telltale'));
});

test('the schema in the database file cannot run functions and cannot be modified', async (t) => {
  const database = freshPlace(t).open();
  const { rows } = await sql<{ trusted_schema: number }>`pragma trusted_schema`.execute(database);
  assert.deepEqual(
    rows.map((row) => row.trusted_schema),
    [0],
  );
  await sql`pragma writable_schema = on`.execute(database);
  await assert.rejects(sql`update sqlite_schema set sql = ''`.execute(database), /may not be modified/);
  await database.destroy();
});

type Write = (database: Kysely<Schema>) => Promise<unknown>;

const hit = { key: 'address', hits: 1, resets_at: 1 };
const addCount: Write = (database) =>
  database
    .insertInto('rate_limits')
    .values(hit)
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ hits: 2 }))
    .returning('hits')
    .execute();

/** Opens a database and records how it is set while each of its statements runs: full commits wait for the disk. */
async function openRecorded(t: TestContext): Promise<{ database: Kysely<Schema>; seen: Map<string, string> }> {
  const seen = new Map<string, string>();
  const connections: DatabaseSync[] = [];
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the database below
  const { prepare } = DatabaseSync.prototype;
  t.mock.method(DatabaseSync.prototype, 'prepare', function open(this: DatabaseSync, text: string) {
    connections.push(this);
    return prepare.call(this, text);
  });
  const isFull = (connection: DatabaseSync) => prepare.call(connection, 'pragma synchronous').get()?.['synchronous'] === 2;
  for (const method of ['all', 'run'] as const) {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- applied to the statement below
    const execute = StatementSync.prototype[method] as (this: StatementSync, ...values: never[]) => never;
    t.mock.method(StatementSync.prototype, method, function record(this: StatementSync, ...values: never[]) {
      seen.set(this.sourceSQL.split(' ').slice(0, 3).join(' '), connections.every(isFull) ? 'full' : 'not full');
      return execute.apply(this, values);
    });
  }
  const database = freshPlace(t).open();
  await migrate(database, migrationsOf(features));
  seen.clear();
  return { database, seen };
}

test('a power failure can lose the counts of rate limits and nothing else', async (t) => {
  const { database, seen } = await openRecorded(t);
  await addCount(database);
  await addCount(database);
  await database.insertInto('users').values(user('first@example.com')).execute();
  await database.updateTable('sessions').set({ revoked_at: 1 }).execute();
  await database.deleteFrom('rate_limits').where('key', '=', 'address').execute();
  await database.deleteFrom('users').execute();
  await database.destroy();
  assert.deepEqual(Object.fromEntries(seen), {
    'insert into "rate_limits"': 'not full',
    'insert into "users"': 'full',
    'update "sessions" set': 'full',
    'delete from "rate_limits"': 'not full',
    'delete from "users"': 'full',
  });
});

test('a transaction that writes counts too survives a power failure', async (t) => {
  const { database, seen } = await openRecorded(t);
  const both = database.transaction().execute(async (transaction) => {
    await addCount(transaction);
    await transaction.insertInto('users').values(user('first@example.com')).execute();
  });
  await assert.doesNotReject(both);
  await database.destroy();
  assert.deepEqual([...new Set(seen.values())], ['full']);
  assert.ok(seen.has('commit'));
});

test('after a count that failed, commits are durable again', async (t) => {
  const { database, seen } = await openRecorded(t);
  const broken = { ...hit, hits: sql<number>`null` };
  await assert.rejects(database.insertInto('rate_limits').values(broken).execute(), /NOT NULL/);
  await database.insertInto('users').values(user('first@example.com')).execute();
  await database.destroy();
  assert.equal(seen.get('insert into "users"'), 'full');
});
