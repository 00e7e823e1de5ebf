import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { createAdmin, createUser, freshEmail, mailTo, PASSWORD, register, tokenIn, type Account } from './support/accounts.ts';
import { connectAsOwner } from './support/owner.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';
import { SIGN_IN } from './support/strategy.ts';

const CANARY = 'canary-8f1d0c';
const TABLES = ['users', 'sessions', 'refresh_tokens', 'one_time_tokens', 'notes'] as const;

const keys = (value: unknown): string[] => Object.keys(value as object).sort();
const firstOf = (body: unknown): unknown => (body as { items: unknown[] }).items[0];

/** Adds a column to every table that no response schema names, with a value that is easy to find. */
async function plantCanaries(t: TestContext, server: TestServer): Promise<void> {
  const database = connectAsOwner(t, server);
  for (const table of TABLES) {
    await database.schema
      .alterTable(table)
      .addColumn('canary', 'text', (column) => column.notNull().defaultTo(CANARY))
      .execute();
  }
}

async function everyAnswer(server: TestServer, { id, tokens, email }: Account): Promise<Record<string, unknown>> {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await server.request(method, path, { token: tokens.accessToken, ...(body === undefined ? {} : { body }) });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
    assert.doesNotMatch(answer.text, /canary|\$2b\$|password|hash/i);
    return answer.body;
  };
  const other = await createUser(server);
  const note = (await ask('POST', '/api/v1/notes', { title: 'title', body: 'body' })) as { id: string };
  return {
    note,
    'read note': await ask('GET', `/api/v1/notes/${note.id}`),
    'changed note': await ask('PATCH', `/api/v1/notes/${note.id}`, { title: 'new' }),
    'listed note': firstOf(await ask('GET', '/api/v1/notes')),
    me: await ask('GET', '/api/v1/me'),
    'changed me': await ask('PATCH', '/api/v1/me', { displayName: 'Name' }),
    session: firstOf(await ask('GET', '/api/v1/me/sessions')),
    user: await ask('GET', `/api/v1/users/${id}`),
    'listed user': firstOf(await ask('GET', '/api/v1/users')),
    registered: await ask('POST', '/api/v1/auth/register', { email }),
    login: await ask('POST', '/api/v1/auth/login', { email: other.email, password: PASSWORD }),
  };
}

const NOTE = ['body', 'createdAt', 'id', 'title', 'updatedAt'];
const ME = ['createdAt', 'displayName', 'email', 'id', 'role'];
const USER = ['createdAt', 'disabled', 'displayName', 'email', 'emailVerified', 'id', 'role'];

test('no response contains a column that its schema does not name', async (t) => {
  const server = await startServer(t);
  const admin = await createAdmin(server);
  await plantCanaries(t, server);
  const answers = await everyAnswer(server, admin);
  assert.deepEqual(Object.fromEntries(Object.entries(answers).map(([name, body]) => [name, keys(body)])), {
    note: NOTE,
    'read note': NOTE,
    'changed note': NOTE,
    'listed note': NOTE,
    me: ME,
    'changed me': ME,
    session: ['createdAt', 'current', 'id', 'ip', 'lastSeenAt', 'userAgent'],
    user: USER,
    'listed user': USER,
    registered: ['status'],
    login: SIGN_IN.fields,
  });
});

test('a registration with a role or any other extra field gets 400', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  await register(server, email);
  const token = tokenIn(await mailTo(server, email));
  for (const extra of [
    { role: 'admin' },
    { isAdmin: true },
    { emailVerified: true },
    { email_verified_at: 1 },
    { id: randomUUID() },
    { displayName: 'x' },
    { disabled: false },
    { password_hash: 'x' },
    { createdAt: 1 },
    { '': 1 },
    { constructor: 1 },
  ]) {
    const registered = await server.request('POST', '/api/v1/auth/register', { body: { email, ...extra } });
    assertProblem(registered, 400, 'invalid-request');
    const verified = await server.request('POST', '/api/v1/auth/verify-email', { body: { token, password: PASSWORD, ...extra } });
    assertProblem(verified, 400, 'invalid-request');
  }
  assert.deepEqual(await server.services.database.selectFrom('users').select('id').execute(), []);
});

test('a user who changes any field of their account but the display name gets 400', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const row = () => server.services.database.selectFrom('users').selectAll().where('id', '=', user.id).executeTakeFirst();
  const before = await row();
  for (const extra of [
    { role: 'admin' },
    { id: randomUUID() },
    { email: freshEmail() },
    { emailVerified: true },
    { disabled: false },
    { password: PASSWORD },
    { password_hash: 'x' },
    { createdAt: 1 },
    { disabled_at: null },
  ]) {
    for (const body of [extra, { displayName: 'Name', ...extra }]) {
      const answer = await server.request('PATCH', '/api/v1/me', { token: user.tokens.accessToken, body });
      assertProblem(answer, 400, 'invalid-request');
    }
  }
  assert.deepEqual(await row(), before);
});

test('an admin who changes any field of a user but role and status gets 400', async (t) => {
  const server = await startServer(t);
  const [admin, user] = [await createAdmin(server), await createUser(server)];
  const row = () => server.services.database.selectFrom('users').selectAll().where('id', '=', user.id).executeTakeFirst();
  const before = await row();
  for (const body of [
    {},
    { password: `${PASSWORD} 2` },
    { email: freshEmail() },
    { password_hash: null },
    { emailVerified: false },
    { id: admin.id },
    { role: 'admin', password: `${PASSWORD} 2` },
    { disabled: 'yes' },
    { disabled: 1 },
    { role: 'root' },
  ]) {
    const answer = await server.request('PATCH', `/api/v1/users/${user.id}`, { token: admin.tokens.accessToken, body });
    assertProblem(answer, 400, 'invalid-request');
  }
  assert.deepEqual(await row(), before);
});

test('GET, HEAD and OPTIONS requests change no row', async (t) => {
  const server = await startServer(t);
  const admin = await createAdmin(server);
  const dump = async () => {
    const { database } = server.services;
    const tables = ['users', 'refresh_tokens', 'one_time_tokens', 'notes'] as const;
    return JSON.stringify(await Promise.all(tables.map((table) => database.selectFrom(table).selectAll().execute())));
  };
  const before = await dump();
  for (const path of [
    '/api/v1/me',
    '/api/v1/me/sessions',
    '/api/v1/users',
    `/api/v1/users/${admin.id}`,
    '/api/v1/notes',
    `/api/v1/notes/${randomUUID()}`,
  ]) {
    for (const method of ['GET', 'HEAD', 'OPTIONS']) await server.request(method, path, { token: admin.tokens.accessToken });
  }
  assert.equal(await dump(), before);
});
