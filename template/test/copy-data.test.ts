import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql, type Insertable, type Kysely } from 'kysely';
import { openDatabase } from '../src/database/connection.ts';
import { copyData } from '../src/database/copy/copy.ts';
import { withEnds } from '../src/database/copy/ends.ts';
import { migrate } from '../src/database/migrator.ts';
import type { Schema } from '../src/database/schema.ts';
import { migrationsOf } from '../src/feature.ts';
import { features } from '../src/features.ts';
import { createLog } from '../src/observability/log.ts';
import { createTestDatabase } from './support/database.ts';
import { emptyFolder } from './support/tools.ts';

const COMMAND = fileURLToPath(new URL('../src/commands/copy-data.ts', import.meta.url));

/** More than one portion, and not a whole number of them. */
const USERS = 620;

const ODD_TEXTS = [
  '',
  ' ',
  'null',
  "'; drop table users; --",
  'Zoë\u00a0\u202e\ufeff',
  '𝒳🏴‍☠️e\u0301',
  'a\r\n\tb\\"{}',
  '\u0001\u007f\uffff',
];
const MILLISECONDS = [0, 1, 1_700_000_000_123, Number.MAX_SAFE_INTEGER, -1];

const SCHEME = 'file:'.length;

const odd = <T>(values: readonly T[], index: number): T => values[index % values.length] as T;

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs the command as an operator does. */
async function run(t: TestContext, ...words: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, ['--disable-proto=delete', COMMAND, ...words], { cwd: emptyFolder(t), env: {}, stdio: 'pipe' });
  child.stdin.end();
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code: Number(code), output: stdout + stderr };
}

/** @returns the number of compared rows of each table */
async function copy(from: string, to: string, { mayMigrate = false } = {}): Promise<Map<string, number>> {
  const compared = new Map<string, number>();
  await withEnds({ from, to, mayCreate: mayMigrate, log: createLog({ level: 'silent' }) }, (source, destination) =>
    copyData({
      from: source,
      to: destination,
      migrations: migrationsOf(features),
      mayMigrate,
      onProgress: (step, table, rows) => step === 'compared' && compared.set(table, rows),
    }),
  );
  return compared;
}

/** A URL of a migrated database that nobody is connected to. */
async function migratedDatabase(
  t: TestContext,
  fill: (database: Kysely<Schema>) => Promise<unknown> = () => Promise.resolve(),
): Promise<string> {
  const created = await createTestDatabase();
  t.after(() => created.drop());
  const { url } = created;
  await using(url, async (database) => {
    await migrate(database, migrationsOf(features));
    await fill(database);
  });
  return url;
}

async function using<T>(databaseUrl: string, work: (database: Kysely<Schema>) => Promise<T>): Promise<T> {
  const database = openDatabase({ databaseUrl, log: createLog({ level: 'silent' }) });
  try {
    return await work(database);
  } finally {
    await database.destroy();
  }
}

const TABLES = ['users', 'sessions', 'refresh_tokens', 'one_time_tokens', 'notes'] as const;

const contentOf = (url: string) =>
  using(url, async (database) => {
    const tables = TABLES.map((table) =>
      sql<{ readonly row: string }>`select to_jsonb(t)::text as row from ${sql.table(table)} t`.execute(database),
    );
    return (await Promise.all(tables)).map(({ rows }) => rows.map(({ row }) => row).sort());
  });

const person = (index: number): Insertable<Schema['users']> => ({
  id: randomUUID(),
  email: `person-${index}@example.com`,
  display_name: odd(ODD_TEXTS, index),
  password_hash: index % 3 === 0 ? null : `hash-${index}`,
  role: 'user',
  email_verified_at: index % 2 === 0 ? null : odd(MILLISECONDS, index),
  disabled_at: null,
  created_at: odd(MILLISECONDS, index),
});

async function fillEveryTable(database: Kysely<Schema>): Promise<void> {
  const users = Array.from({ length: USERS }, (_, index) => person(index));
  await database.insertInto('users').values(users).execute();
  for (const [index, { id }] of users.slice(0, 9).entries()) {
    const at = odd(MILLISECONDS, index);
    const session = randomUUID();
    await database
      .insertInto('sessions')
      .values({
        id: session,
        user_id: id,
        user_agent: odd(ODD_TEXTS, index),
        ip_prefix: '',
        created_at: at,
        authenticated_at: at,
        last_seen_at: at,
        expires_at: at,
        revoked_at: null,
      })
      .execute();
    await database
      .insertInto('refresh_tokens')
      .values({ token_hash: `token-${index}`, session_id: session, expires_at: at, used_at: null })
      .execute();
    await database
      .insertInto('one_time_tokens')
      .values({
        token_hash: `token-${index}`,
        user_id: index % 2 === 0 ? null : id,
        email: 'a@b',
        mailbox: odd(ODD_TEXTS, index),
        purpose: 'verify-email',
        issued_at: at,
        expires_at: at,
        used_at: at,
      })
      .execute();
    await database
      .insertInto('notes')
      .values({ id: randomUUID(), owner_id: id, title: '𝒳', body: odd(ODD_TEXTS, index), created_at: at, updated_at: at })
      .execute();
  }
  await database.insertInto('rate_limits').values({ key: 'k', hits: 1, resets_at: 1 }).execute();
}

test('copy-data copies odd texts, nulls and large numbers to a SQLite file and back, and a second run changes nothing', async (t) => {
  const source = await migratedDatabase(t, fillEveryTable);
  const file = `file:${join(emptyFolder(t), 'copy.sqlite')}`;
  const destination = await migratedDatabase(t);
  const before = await contentOf(source);
  await copy(source, file, { mayMigrate: true });
  for (let round = 0; round < 2; round += 1) {
    const compared = await copy(file, destination);
    assert.equal(compared.get('users'), USERS);
    assert.equal(compared.get('rate_limits'), undefined);
    assert.deepEqual(await contentOf(destination), before);
  }
  assert.deepEqual(await contentOf(source), before);
  assert.deepEqual(await using(destination, (database) => database.selectFrom('rate_limits').selectAll().execute()), []);
});

test('copy-data completes a copy that was interrupted, and refuses one whose rows were changed since', async (t) => {
  const source = await migratedDatabase(t, fillEveryTable);
  const users = await using(source, (database) => database.selectFrom('users').selectAll().orderBy('email').limit(301).execute());
  const destination = await migratedDatabase(t, (database) => database.insertInto('users').values(users).execute());
  await using(destination, (database) =>
    database
      .updateTable('users')
      .set({ display_name: 'x' })
      .where('id', '=', users[0]?.id ?? '')
      .execute(),
  );
  const changedCopy = await contentOf(destination);
  const reason = /holds other data in the table users\. Nothing was changed\./;
  await assert.rejects(copy(source, destination), reason);
  assert.deepEqual(await contentOf(destination), changedCopy);
  await using(destination, (database) => database.deleteFrom('users').where('display_name', '=', 'x').execute());
  await copy(source, destination);
  assert.deepEqual(await contentOf(destination), await contentOf(source));
  await using(destination, (database) => database.insertInto('users').values(person(USERS)).execute());
  await assert.rejects(copy(source, destination), reason);
});

/** A copy of the file, changed by SQL. */
function changed(file: string, statement: string): string {
  const copy = `${file}-${randomUUID()}`;
  copyFileSync(file.slice(SCHEME), copy.slice(SCHEME));
  const database = new DatabaseSync(copy.slice(SCHEME));
  database.exec(statement);
  database.close();
  return copy;
}

test('copy-data refuses a database with a pending migration, an unknown one, other tables or values that would change', async (t) => {
  const source = await migratedDatabase(t);
  const file = `file:${join(emptyFolder(t), 'copy.sqlite')}`;
  await copy(source, file, { mayMigrate: true });
  const last = Object.keys(migrationsOf(features)).at(-1) ?? '';
  const destinations: [string, RegExp][] = [
    [`delete from kysely_migration where name = '${last}'`, new RegExp(`has not run ${last}\\.`)],
    [`insert into kysely_migration values ('20990101_other', 'now')`, /does not have: 20990101_other\./],
    ['alter table notes add column color varchar(9)', /does not have the same tables: notes\./],
    ['create table others (id bigint primary key)', /does not have the same tables: others\./],
    ['drop table kysely_migration', /It is not a database of this project\./],
  ];
  for (const [statement, reason] of destinations)
    await assert.rejects(copy(source, changed(file, statement), { mayMigrate: true }), reason, statement);
  const sources: [string, RegExp][] = [
    [`delete from kysely_migration where name = '${last}'`, new RegExp(`has not run ${last}\\. Add --migrate`)],
    ['create table x (id timestamp primary key)', /column id of x has the type timestamp/],
    ['create table x (id bigint)', /table x has no primary key/],
    ['create table x (id bigint primary key references x)', /refer to each other or to themselves: x\./],
  ];
  for (const [statement, reason] of sources) await assert.rejects(copy(changed(file, statement), source), reason, statement);
});

test('copy-data refuses a column that counts by itself, and a number that JavaScript would round', async (t) => {
  const counting = await migratedDatabase(t, (database) => sql`create table x (id serial primary key)`.execute(database));
  const file = `file:${join(emptyFolder(t), 'copy.sqlite')}`;
  await assert.rejects(copy(counting, file, { mayMigrate: true }), /column id of x has the type serial/);
  const rounded = await migratedDatabase(t, (database) =>
    sql`insert into users (id, email, display_name, role, created_at) values ('a', 'a', 'a', 'user', 9007199254740993)`.execute(database),
  );
  await assert.rejects(copy(rounded, file, { mayMigrate: true }), /column created_at of users holds a number beyond 2\^53/);
});

test('copy-data refuses a database that another program is connected to', async (t) => {
  const source = await migratedDatabase(t);
  const file = `file:${join(emptyFolder(t), 'copy.sqlite')}`;
  await copy(source, file, { mayMigrate: true });
  const reason = /is in use: another program is connected to it\. Stop the service first/;
  const reader = new DatabaseSync(file.slice(SCHEME));
  reader.exec('select 1 from users');
  await assert.rejects(copy(file, source), reason);
  reader.close();
  await using(source, async (database) => {
    await sql`select 1`.execute(database);
    await assert.rejects(copy(file, source), reason);
  });
});

test('copy-data prints no password, creates no file for a wrong address, and explains itself', async (t) => {
  const missing = join(emptyFolder(t), 'missing.sqlite');
  const secret = 'telltale-password';
  const url = `postgresql://app:${secret}@127.0.0.1:1/app`;
  const cases: [readonly string[], number, RegExp][] = [
    [['--help'], 0, /^Usage: npm run copy-data/],
    [['--from', url, '--to', url], 2, /name the same database/],
    [['--from', `postgresql://app:${secret}@db.example.com/app?sslmode=disable`, '--to', `file:${missing}`], 2, /sslmode=disable/],
    [['--from', `file:${missing}`, '--to', url], 1, /There is no database file:/],
    [['--from', url, '--to', `file:${missing}`], 1, /no connection to PostgreSQL at 127\.0\.0\.1:1/],
    [['--from', url, '--password', secret], 2, /^Usage:/],
  ];
  const outcomes = await Promise.all(cases.map(([words]) => run(t, ...words)));
  for (const [index, { code, output }] of outcomes.entries()) {
    assert.equal(code, cases[index]?.[1], output);
    assert.match(output, cases[index]?.[2] ?? /^$/);
    assert.ok(!output.includes(secret), output);
  }
  assert.equal(existsSync(missing), false);
});
