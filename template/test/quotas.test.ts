import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import type { Principal } from '../src/access/principal.ts';
import { NOTES_PER_OWNER } from '../src/notes/rules.ts';
import { createNotes } from '../src/notes/store.ts';
import { createUser, type Account, type Answer } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly description?: string }>>;
}

const ask = (server: TestServer, { tokens }: Account, method: string, path: string, body?: unknown): Promise<Answer> =>
  server.request(method, path, { token: tokens.accessToken, ...(body === undefined ? {} : { body }) });

const write = (server: TestServer, author: Account): Promise<Answer> => ask(server, author, 'POST', '/api/v1/notes', { title: 'one more' });

/** Writes notes into the database, without the quota. */
async function insertNotes({ services }: TestServer, { id }: Account, count: number): Promise<void> {
  const note = () => ({ id: randomUUID(), owner_id: id, title: 'old', body: '', created_at: 1, updated_at: 1 });
  await services.database
    .insertInto('notes')
    .values(Array.from({ length: count }, note))
    .execute();
}

async function countNotes({ services }: TestServer, { id }: Account): Promise<number> {
  return (await services.database.selectFrom('notes').select('id').where('owner_id', '=', id).execute()).length;
}

test('a note over the quota gets 409, and deleting a note makes room for one', async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [await createUser(server), await createUser(server)];
  await insertNotes(server, ada, NOTES_PER_OWNER - 1);
  const last = await write(server, ada);
  assert.equal(last.status, 201, last.text);
  assertProblem(await write(server, ada), 409, 'too-many-notes');
  const parallel = await Promise.all(Array.from({ length: 20 }, () => write(server, ada)));
  for (const answer of parallel) assertProblem(answer, 409, 'too-many-notes');
  assert.equal((await write(server, bob)).status, 201);
  assert.equal((await ask(server, ada, 'DELETE', `/api/v1/notes/${(last.body as { id: string }).id}`)).status, 204);
  assert.equal((await write(server, ada)).status, 201);
  assertProblem(await write(server, ada), 409, 'too-many-notes');
});

test('of thirty parallel notes in a quota with room for ten, ten get 201 and twenty get 409', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  await insertNotes(server, ada, NOTES_PER_OWNER - 10);
  const answers = await Promise.all(Array.from({ length: 30 }, () => write(server, ada)));
  assert.equal(answers.filter(({ status }) => status === 201).length, 10);
  assert.equal(answers.filter(({ status }) => status === 409).length, 20);
  assert.equal(await countNotes(server, ada), NOTES_PER_OWNER);
});

test('a request that was authorised before its account was disabled adds no note', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const { clock, database } = server.services;
  const principal: Principal = { userId: ada.id, sessionId: randomUUID(), role: 'user', authenticatedAt: clock() };
  await database.updateTable('users').set({ disabled_at: 1 }).where('id', '=', ada.id).execute();
  await assert.rejects(createNotes(database, clock).create(principal, { title: 'late', body: '' }), { message: 'invalid-token' });
  assert.equal(await countNotes(server, ada), 0);
});

test('the API document says which operations answer 409, and with which codes', async (t) => {
  const server = await startServer(t);
  const { paths } = (await server.request('GET', '/openapi.json')).body as { paths: Record<string, Record<string, Operation>> };
  const declared = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      responses['409'] ? [`${method} ${path}: ${responses['409'].description}`] : [],
    ),
  );
  assert.ok(declared.includes('post /api/v1/notes: Conflict: too-many-notes'), declared.join('\n'));
  assert.ok(declared.includes('delete /api/v1/me: Conflict: last-admin'), declared.join('\n'));
});
