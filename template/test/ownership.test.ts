import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { newestFirst } from '../src/database/newest-first.ts';
import { createAdmin, createUser, type Account, type Answer } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

interface Note {
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

interface Page {
  readonly items: readonly Note[];
  readonly nextCursor?: string | null;
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function ask(server: TestServer, { tokens }: Account, method: string, path: string, body?: unknown): Promise<Answer> {
  return server.request(method, path, { token: tokens.accessToken, ...(body === undefined ? {} : { body }) });
}

async function write(server: TestServer, author: Account, title: string): Promise<Note> {
  const answer = await ask(server, author, 'POST', '/api/v1/notes', { title, body: `body of ${title}` });
  assert.equal(answer.status, 201, answer.text);
  const note = answer.body as Note;
  assert.equal(answer.headers.get('location'), `/api/v1/notes/${note.id}`);
  return note;
}

async function page(server: TestServer, reader: Account, query = ''): Promise<Page> {
  const answer = await ask(server, reader, 'GET', `/api/v1/notes${query}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.body as Page;
}

test('every id is a random UUID, and any other text as id gets 400', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const ids: string[] = [];
  for (let number = 0; number < 20; number += 1) ids.push((await write(server, ada, `note ${number}`)).id);
  for (const id of [ada.id, ...ids]) assert.match(id, UUID_V4);
  assert.notDeepEqual(ids.toSorted(), ids);
  assert.notDeepEqual(ids.toSorted().reverse(), ids);
  for (const id of ['1', '0', '-1', 'first', `${ids[1]}x`, '%00', ids[1]?.replaceAll('-', '') ?? '']) {
    assertProblem(await ask(server, ada, 'GET', `/api/v1/notes/${id}`), 400, 'invalid-request');
  }
});

test('a list has at most 100 items, and any other limit gets 400', async (t) => {
  const server = await startServer(t);
  const [ada, admin] = [await createUser(server), await createAdmin(server)];
  const absurd = ['0', '-1', '101', '100000', '1e2', '0x10', 'NaN', 'Infinity', '1.5', '', '%20', ' 5', '5%00', 'all', '1&limit=100'];
  for (const limit of absurd) {
    assertProblem(await ask(server, ada, 'GET', `/api/v1/notes?limit=${limit}`), 400, 'invalid-request');
    assertProblem(await ask(server, admin, 'GET', `/api/v1/users?limit=${limit}`), 400, 'invalid-request');
  }
  const { database } = server.services;
  const rows = Array.from({ length: 150 }, (_, number) => ({
    id: randomUUID(),
    owner_id: ada.id,
    title: `note ${number}`,
    body: '',
    created_at: 1000 + Math.floor(number / 3),
    updated_at: 1000,
  }));
  await database.insertInto('notes').values(rows).execute();
  assert.equal((await page(server, ada)).items.length, 20);
  assert.equal((await page(server, ada, '?limit=100')).items.length, 100);
  // One row more tells that there is a next page. More would let a list of any length fill the memory.
  const query = database.selectFrom('notes').select(['id', 'created_at']);
  assert.equal((await newestFirst(query, { limit: 100 }).execute()).length, 101);
});

test('pagination returns each note once while notes are being added', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const rows = Array.from({ length: 31 }, (_, number) => ({
    id: randomUUID(),
    owner_id: ada.id,
    title: 'old',
    body: '',
    created_at: 1000 + Math.floor(number / 7),
    updated_at: 1000,
  }));
  await server.services.database.insertInto('notes').values(rows).execute();
  const met: Note[] = [];
  let cursor: string | null | undefined = '';
  do {
    const { items, nextCursor }: Page = await page(server, ada, `?limit=4${cursor ? `&cursor=${cursor}` : ''}`);
    met.push(...items);
    cursor = nextCursor;
    await write(server, ada, 'new');
  } while (cursor);
  assert.equal(met.length, 31);
  assert.deepEqual(met.map(({ id }) => id).sort(), rows.map(({ id }) => id).sort());
  const times = met.map(({ createdAt }) => createdAt);
  assert.deepEqual(times.toSorted().reverse(), times);
});

test('a tampered cursor gets 400', async (t) => {
  const server = await startServer(t);
  const [ada, admin] = [await createUser(server), await createAdmin(server)];
  for (let number = 0; number < 3; number += 1) await write(server, ada, `note ${number}`);
  const { nextCursor } = await page(server, ada, '?limit=1');
  assert.ok(nextCursor);
  const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const tampered = [
    nextCursor.slice(0, -2),
    `${nextCursor}AAAA`,
    `${nextCursor}%00`,
    'x',
    '%20',
    encode(''),
    encode('null'),
    encode({}),
    encode([]),
    encode([1]),
    encode(['1', 2]),
    encode([1, "' or '1'='1"]),
    encode("1,' or '1'='1"),
    encode([-1, 'x']),
    encode({ created_at: { $gt: 0 }, id: 1 }),
    encode({ __proto__: null, createdAt: 1, id: 'x' }),
    'A'.repeat(4000),
  ];
  for (const cursor of tampered) {
    assertProblem(await ask(server, ada, 'GET', `/api/v1/notes?cursor=${cursor}`), 400, 'invalid-request');
    assertProblem(await ask(server, admin, 'GET', `/api/v1/users?cursor=${cursor}`), 400, 'invalid-request');
  }
});

test('twenty parallel changes of two fields of a note are all kept', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const { id } = await write(server, ada, 'title');
  const patch = (body: object) => ask(server, ada, 'PATCH', `/api/v1/notes/${id}`, body);
  await Promise.all([
    ...Array.from({ length: 10 }, () => patch({ title: 'new title' })),
    ...Array.from({ length: 10 }, () => patch({ body: 'new body' })),
  ]);
  const { title, body } = (await ask(server, ada, 'GET', `/api/v1/notes/${id}`)).body as Note;
  assert.deepEqual({ title, body }, { title: 'new title', body: 'new body' });
  for (const empty of [{}, { title: '' }, { title: 'x'.repeat(201) }, { body: 'x'.repeat(10_001) }]) {
    assertProblem(await patch(empty), 400, 'invalid-request');
  }
});
