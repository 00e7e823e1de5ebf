import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import net, { type AddressInfo } from 'node:net';
import test from 'node:test';
import { sql, type Kysely } from 'kysely';
import { openDatabase } from '../src/database/connection.ts';
import { databaseSettings } from '../src/config/chosen.ts';
import type { Schema } from '../src/database/schema.ts';
import { createLog } from '../src/observability/log.ts';
import { createUser } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { connectAsOwner } from './support/owner.ts';
import { startServer } from './support/server.ts';

test('statements, locks and idle transactions have time limits', async (t) => {
  const { database } = (await startServer(t)).services;
  const limits = { statement_timeout: '5s', lock_timeout: '2s', idle_in_transaction_session_timeout: '10s' };
  for (const [name, value] of Object.entries(limits)) {
    const { rows } = await sql<{ value: string }>`select current_setting(${name}) as value`.execute(database);
    assert.equal(rows[0]?.value, value, name);
  }
});

test('a request for a locked table gets 503, and other requests get 200', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const owner = connectAsOwner(t, server);
  await owner.transaction().execute(async (transaction) => {
    await sql`lock table notes in access exclusive mode`.execute(transaction);
    const blocked = server.request('GET', '/api/v1/notes', { token: tokens.accessToken });
    assert.equal((await server.request('GET', '/healthz')).status, 200);
    assert.equal((await server.request('GET', '/api/v1/me', { token: tokens.accessToken })).status, 200);
    const answer = await blocked;
    assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/, answer.text);
    assertProblem(answer, 503, 'overloaded');
  });
  assert.equal((await server.request('GET', '/api/v1/notes', { token: tokens.accessToken })).status, 200);
});

test('a request gets 503 when no database connection is free', async (t) => {
  const url = new URL((await startServer(t)).services.config.databaseUrl);
  url.searchParams.set('connect_timeout', '2');
  const server = await startServer(t, { DATABASE_URL: url.href });
  const { tokens } = await createUser(server);
  const { database } = server.services;
  const release = Promise.withResolvers<undefined>();
  const busy = Array.from({ length: 10 }, () => database.connection().execute(() => release.promise));
  const answer = await server.request('GET', '/api/v1/me', { token: tokens.accessToken });
  release.resolve(undefined);
  await Promise.all(busy);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/, answer.text);
  assertProblem(answer, 503, 'overloaded');
  assert.equal((await server.request('GET', '/api/v1/me', { token: tokens.accessToken })).status, 200);
});

test('a database server without TLS receives no password', async (t) => {
  const received: Buffer[] = [];
  const cleartext = net.createServer((socket) => {
    socket.on('data', (bytes) => {
      received.push(bytes);
      socket.write('N');
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => cleartext.listen(0, '127.0.0.1', resolve));
  t.after(() => cleartext.close());
  const { port } = cleartext.address() as AddressInfo;
  const databaseUrl = `postgresql://app:telltale-password@127.0.0.1:${port}/app?sslmode=verify-full`;
  const database = openDatabase({ databaseUrl, log: createLog({ level: 'silent' }) });
  await assert.rejects(sql`select 1`.execute(database), /SSL|TLS/);
  await database.destroy();
  const asked = Buffer.concat(received);
  assert.equal(asked.length, 8, 'only the request for TLS was sent');
  assert.equal(asked.readUInt32BE(4), 80877103);
});

test('a DATABASE_URL that disables TLS or the time limits is refused', () => {
  const refused = [
    'postgresql://app:pw@database.example.com/app?sslmode=disable',
    'postgresql://app:pw@database.example.com/app?sslmode=no-verify',
    'postgresql://app:pw@database.example.com/app?sslmode=prefer',
    'postgresql://app:pw@database.example.com/app?sslmode=require',
    'postgresql://app:pw@database.example.com/app?ssl=0',
    'postgresql://app:pw@database.example.com/app?sslmode=verify-full&sslmode=disable',
    'postgresql://app:pw@database.example.com/app?sslmode=disable&connect_timeout=5',
    'postgresql://app:pw@database.example.com/app?connect_timeout=0',
    'postgresql://app:pw@database.example.com/app?connect_timeout=61',
    'postgresql://app:pw@database.example.com/app?statement_timeout=0',
    'postgresql://app:pw@database.example.com/app?options=-c%20statement_timeout%3D0',
    'postgresql://app:pw@database.example.com/app?host=/tmp',
    'postgresql://database.example.com/app',
    'mysql://app:pw@database.example.com/app',
    'file:app.sqlite',
  ];
  for (const address of refused) assert.equal(databaseSettings.DATABASE_URL.safeParse(address).success, false, address);
  for (const address of [
    'postgresql://app:pw@database.example.com/app',
    'postgresql://app:pw@database.example.com/app?connect_timeout=60&sslmode=verify-full',
    'postgresql://app:pw@127.0.0.1:5432/app?sslmode=disable',
  ]) {
    assert.equal(databaseSettings.DATABASE_URL.safeParse(address).success, true, address);
  }
});

test('connect_timeout says how long a query waits for a server that does not answer', async (t) => {
  const silent = net.createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const address = `postgresql://app:pw@127.0.0.1:${(silent.address() as AddressInfo).port}/app`;
  const waitFor = async (databaseUrl: string) => {
    const database = openDatabase({ databaseUrl, log: createLog({ level: 'silent' }) });
    await assert.rejects(sql`select 1`.execute(database), /connection timeout/);
    await database.destroy();
    return databaseUrl;
  };
  const waits = [waitFor(address), waitFor(`${address}?connect_timeout=1`)];
  assert.equal(await Promise.race(waits), `${address}?connect_timeout=1`);
  await Promise.all(waits);
});

test('no statement of an account deletion deletes more than 500 rows', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { database } = server.services;
  const note = () => ({ id: randomUUID(), owner_id: user.id, title: 'old', body: '', created_at: 1, updated_at: 1 });
  await database
    .insertInto('notes')
    .values(Array.from({ length: 2000 }, note))
    .execute();
  const owner = connectAsOwner(t, server);
  await sql`create table deletions (row_count integer)`.execute(owner);
  await sql`
    create function count_rows() returns trigger language plpgsql security definer as $$
    begin
      insert into deletions select count(*) from gone;
      return null;
    end $$`.execute(owner);
  await sql`
    create trigger count_rows after delete on notes referencing old table as gone
    for each statement execute function count_rows()`.execute(owner);
  const answer = await server.request('DELETE', '/api/v1/me', { token: user.tokens.accessToken });
  assert.equal(answer.status, 204, answer.text);
  const { rows } = await sql<{ most: number }>`select max(row_count) as most from deletions`.execute(owner);
  const most = rows[0]?.most ?? 0;
  assert.ok(most > 0 && most <= 500, `${most} rows`);
  assert.equal((await database.selectFrom('notes').select('id').execute()).length, 0);
});

/** Statements that the connection of the transaction has prepared. */
async function preparedBy(connection: Kysely<Schema>): Promise<string[]> {
  const { rows } = await sql<{ statement: string }>`select statement from pg_prepared_statements`.execute(connection);
  return rows.map(({ statement }) => statement);
}

test('queries with 300 list lengths are answered, and the database server keeps at most 200 statements', async (t) => {
  const { database } = (await startServer(t)).services;
  await database.connection().execute(async (connection) => {
    for (let length = 1; length <= 300; length += 1) {
      const list = Array.from({ length }, (_, index) => index);
      const { rows } = await sql<{ listed: boolean }>`select ${length - 1}::int in (${sql.join(list)}) as listed`.execute(connection);
      assert.deepEqual(rows, [{ listed: true }]);
    }
    const prepared = await preparedBy(connection);
    assert.ok(prepared.length > 100 && prepared.length <= 200, `${prepared.length} statements`);
  });
});

test('requests prepare the statement that reads the caller once', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  for (let index = 0; index < 5; index += 1) await server.request('GET', '/api/v1/me', { token: tokens.accessToken });
  const prepared = await server.services.database.connection().execute(preparedBy);
  assert.equal(prepared.filter((statement) => statement.includes('"authenticatedAt"')).length, 1);
});

test('after a migration changes the columns of a prepared statement, one query fails and the next succeeds', async (t) => {
  const server = await startServer(t);
  const read = () => sql`select * from notes where title = ${''}`.execute(server.services.database);
  await read();
  await sql`alter table notes add column colour text`.execute(connectAsOwner(t, server));
  await assert.rejects(read(), /cached plan must not change result type/);
  await assert.doesNotReject(read());
});

test('after a crash of the database server only the counts of rate limits can be missing', async (t) => {
  const { database } = (await startServer(t)).services;
  const { rows } = await sql<{ name: string; persistence: string }>`
    select relname as name, relpersistence as persistence from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace`.execute(database);
  assert.ok(rows.some(({ name }) => name === 'sessions'));
  for (const { name, persistence } of rows) assert.equal(persistence, name === 'rate_limits' ? 'u' : 'p', name);
});
