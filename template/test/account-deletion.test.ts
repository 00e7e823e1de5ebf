import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { deleteOwned, type Owned } from '../src/database/portions.ts';
import { features } from '../src/features.ts';
import { ownedByUser } from '../src/users/owned-rows.ts';
import { assertSignedOut, createAdmin, createUser, login, me, type Account, type Answer } from './support/accounts.ts';
import { foreignKeys } from './support/database.ts';
import { connectAsOwner } from './support/owner.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

/** Far more responses than possible while a single statement deletes everything. */
const MANY = 20;

const erase = (server: TestServer, { tokens }: Account): Promise<Answer> =>
  server.request('DELETE', '/api/v1/me', { token: tokens.accessToken });

/** More notes than the quota allows, as from before there was one. */
async function insertNotes({ services: { database } }: TestServer, { id }: Account, count: number): Promise<string[]> {
  const notes = Array.from({ length: count }, () => ({
    id: randomUUID(),
    owner_id: id,
    title: 'old',
    body: '',
    created_at: 1,
    updated_at: 1,
  }));
  for (let at = 0; at < count; at += 1000)
    await database
      .insertInto('notes')
      .values(notes.slice(at, at + 1000))
      .execute();
  return notes.map((note) => note.id);
}

/** The number of rows left of an account; waits up to five seconds for zero. */
async function leftOf({ services: { database } }: TestServer, { id }: Account): Promise<number> {
  const count = async () => {
    const notes = await database.selectFrom('notes').select('id').where('owner_id', '=', id).execute();
    return notes.length + (await database.selectFrom('users').select('id').where('id', '=', id).execute()).length;
  };
  for (let tries = 0; tries < 500 && (await count()) > 0; tries += 1) await delay(10);
  return count();
}

/** Makes the deletion of one note fail, as if the database stopped in the middle. */
async function breakDeletion(t: TestContext, server: TestServer, noteId: string): Promise<() => Promise<void>> {
  const database = connectAsOwner(t, server);
  await database.schema
    .createTable('anchors')
    .addColumn('note_id', 'varchar(36)', (column) => column.references('notes.id'))
    .execute();
  await database.$extendTables<{ anchors: { note_id: string } }>().insertInto('anchors').values({ note_id: noteId }).execute();
  return () => database.schema.dropTable('anchors').execute();
}

test('other users get responses while an account with 6,000 notes is deleted', async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [await createUser(server), await createUser(server)];
  await insertNotes(server, ada, 6000);
  const state = { over: false, answered: 0 };
  const erased = erase(server, ada).finally(() => {
    state.over = true;
  });
  while (!state.over) {
    assert.equal((await me(server, bob.tokens)).status, 200);
    state.answered += 1;
  }
  assert.equal((await erased).status, 204);
  assert.ok(state.answered > MANY, `${state.answered} answers`);
  assert.equal(await leftOf(server, ada), 0);
});

test('after an interrupted deletion the account gets 401, an admin gets 404 for it, and the next start finishes it', async (t) => {
  const server = await startServer(t);
  const [admin, ada] = [await createAdmin(server), await createUser(server)];
  const [first = ''] = await insertNotes(server, ada, 120);
  const mend = await breakDeletion(t, server, first);
  assert.equal((await erase(server, ada)).status, 500);
  await assertSignedOut(server, ada.tokens);
  assertProblem(await login(server, ada), 401, 'invalid-credentials');
  const asAdmin = { token: admin.tokens.accessToken };
  assertProblem(await server.request('GET', `/api/v1/users/${ada.id}`, asAdmin), 404, 'not-found');
  assertProblem(await server.request('PATCH', `/api/v1/users/${ada.id}`, { ...asAdmin, body: { disabled: false } }), 404, 'not-found');
  const list = await server.request('GET', '/api/v1/users', asAdmin);
  for (const trace of [ada.id, ada.email]) assert.ok(!list.text.includes(trace));
  assert.equal((await createUser(server, { email: ada.email })).email, ada.email, 'the address is free');
  await mend();
  await (await startServer(t, { DATABASE_URL: server.services.config.databaseUrl })).upkeep();
  assert.equal(await leftOf(server, ada), 0);
});

test('the upkeep finishes an interrupted deletion', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const [first = ''] = await insertNotes(server, ada, 120);
  const mend = await breakDeletion(t, server, first);
  assert.equal((await erase(server, ada)).status, 500);
  await mend();
  await server.upkeep();
  assert.equal(await leftOf(server, ada), 0);
});

test('rows that belong to rows of an account are deleted before these, without the help of the database', async (t) => {
  const database = connectAsOwner(t, await startServer(t));
  const text = 'varchar(36)';
  await database.schema
    .createTable('boxes')
    .addColumn('id', text, (id) => id.primaryKey())
    .addColumn('owner_id', text)
    .execute();
  await database.schema
    .createTable('things')
    .addColumn('id', text, (id) => id.primaryKey())
    .addColumn('box_id', text, (box) => box.references('boxes.id'))
    .execute();
  const tables = database.$extendTables<{ boxes: { id: string; owner_id: string }; things: { id: string; box_id: string } }>();
  const [ada, bob] = [randomUUID(), randomUUID()];
  for (const owner_id of [ada, bob]) {
    await tables.insertInto('boxes').values({ id: owner_id, owner_id }).execute();
    await tables
      .insertInto('things')
      .values([1, 2].map(() => ({ id: randomUUID(), box_id: owner_id })))
      .execute();
  }
  const things = { table: 'things', key: 'id', owner: 'box_id', largestRow: 1 };
  const owned = [{ table: 'boxes', key: 'id', owner: 'owner_id', largestRow: 1, children: [things] }];
  await deleteOwned(database, owned as unknown as Owned[], [ada]);
  const boxes = await tables.selectFrom('boxes').select('id').execute();
  assert.deepEqual(
    boxes.map(({ id }) => id),
    [bob],
  );
  const left = await tables.selectFrom('things').select('box_id').execute();
  assert.deepEqual(
    left.map(({ box_id }) => box_id),
    [bob, bob],
  );
});

test('every table with a foreign key to users is listed for deletion in portions', async (t) => {
  const server = await startServer(t);
  const listed = (owned: readonly Owned[], of: string): string[] =>
    owned.flatMap(({ table, owner, children = [] }) => [`${table}.${owner} -> ${of}`, ...listed(children, table)]);
  const expected = listed(ownedByUser(features), 'users').sort();
  const actual = (await foreignKeys(server.services.database)).map(({ table, column, target }) => `${table}.${column} -> ${target}`).sort();
  const missing = actual.filter((key) => !expected.includes(key));
  assert.deepEqual(missing, [], `${missing.join(', ')}: add the table to ownedByUser in the feature.ts of its folder`);
  assert.deepEqual(actual, expected);
});
