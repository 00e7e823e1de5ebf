import assert from 'node:assert/strict';
import test from 'node:test';
import { createAdmin, createUser, freshEmail, PASSWORD, signIn, type Account, type Answer } from './support/accounts.ts';
import { eventually } from './support/eventually.ts';
import { startServer, type TestServer } from './support/server.ts';
import { FIELDS } from './support/strategy.ts';

const SQL = [
  "'",
  '"',
  '`',
  "\\'",
  ';',
  '--',
  '%',
  '$1',
  '?',
  ':id',
  "' or '1'='1",
  '" or ""="',
  "') or ('1'='1",
  "admin'--",
  "' union select null, null, null --",
  "'; drop table notes; --",
  "'; update users set role='admin'; --",
  "'||(select password_hash from users limit 1)||'",
  "'; select pg_sleep(10); --",
  "' and randomblob(1000000000) --",
  "x' escape 'x",
  '%27',
  '\u02bc',
  '{"$gt":""}',
];
const TABLES = ['users', 'sessions', 'refresh_tokens', 'one_time_tokens', 'notes'] as const;
const GENEROUS = { LOGIN_LIMIT_MAX: '10000', RATE_LIMIT_MAX: '100000' };

async function rowCounts(server: TestServer): Promise<Record<string, number>> {
  const counts = await Promise.all(
    TABLES.map(async (table) => [table, (await server.services.database.selectFrom(table).selectAll().execute()).length] as const),
  );
  return Object.fromEntries(counts);
}

const emails = (payload: string): string[] => [payload, `x${payload}x@example.com`, `x@${payload}.example.com`];

/** Requests with the payload in every place for a string, except those that store it. */
function* readingRequests({ tokens }: Account, payload: string): Generator<[string, string, object]> {
  const token = tokens.accessToken;
  const inPath = encodeURIComponent(payload);
  for (const email of emails(payload)) {
    yield ['POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } }];
    yield ['POST', '/api/v1/auth/password/forgot', { body: { email } }];
  }
  yield ['POST', '/api/v1/auth/login', { body: { email: freshEmail(), password: payload.padEnd(20, payload) } }];
  for (const [path, field] of FIELDS) {
    for (const value of [payload, payload.padEnd(43, 'x').slice(0, 43)]) yield ['POST', path, { body: { [field]: value } }];
  }
  yield ['POST', '/api/v1/auth/verify-email', { body: { token: payload, password: PASSWORD } }];
  yield ['POST', '/api/v1/auth/password/reset', { body: { token: payload, password: PASSWORD } }];
  yield ['GET', `/api/v1/notes/${inPath}`, { token }];
  yield ['DELETE', `/api/v1/notes/${inPath}`, { token }];
  yield ['DELETE', `/api/v1/me/sessions/${inPath}`, { token }];
  yield ['GET', `/api/v1/users/${inPath}`, { token }];
  yield ['PATCH', `/api/v1/users/${inPath}`, { token, body: { role: payload } }];
  for (const name of ['limit', 'cursor', 'sort', 'order', 'filter', 'q']) {
    yield ['GET', `/api/v1/notes?${name}=${inPath}`, { token }];
    yield ['GET', `/api/v1/users?${name}=${inPath}`, { token }];
  }
  const cursor = Buffer.from(JSON.stringify([payload, payload])).toString('base64url');
  yield ['GET', `/api/v1/notes?cursor=${cursor}`, { token }];
  const header = encodeURIComponent(payload);
  yield ['GET', '/api/v1/me', { token, headers: { 'X-Request-Id': header, 'User-Agent': header, 'X-Forwarded-For': header } }];
}

test('SQL in any field, path, query or header changes no row and never gets 500', async (t) => {
  const server = await startServer(t, GENEROUS);
  const admin = await createAdmin(server);
  const before = await rowCounts(server);
  const mailable: string[] = [];
  for (const payload of SQL) {
    for (const [method, path, options] of readingRequests(admin, payload)) {
      const answer = await server.request(method, path, options);
      if (answer.status === 202) mailable.push((options as { body: { email: string } }).body.email);
      assert.ok(answer.status < 500, `${method} ${path} ${JSON.stringify(options)}: ${answer.text}`);
      assert.doesNotMatch(answer.text, /\$2b\$|syntax error|near "/i);
    }
  }
  // Each request for a mail to a valid address writes a row, whether or not there is an account.
  const { database } = server.services;
  const asked = await eventually('the work behind the answers', async () => {
    const rows = await database.selectFrom('one_time_tokens').select('email').execute();
    return rows.length === mailable.length ? rows : undefined;
  });
  assert.deepEqual(asked.map(({ email }) => email).sort(), mailable.toSorted());
  assert.deepEqual(await rowCounts(server), { ...before, one_time_tokens: mailable.length });
});

test('a user whose e-mail address has an apostrophe can sign in', async (t) => {
  const server = await startServer(t);
  const [ada, owner] = [await createUser(server), await createUser(server, { email: `o'neil.${freshEmail()}` })];
  assert.notEqual(ada.id, owner.id);
  await signIn(server, owner);
});

test('SQL in a text is stored and read back as text', async (t) => {
  const server = await startServer(t, GENEROUS);
  const user = await createUser(server);
  const token = user.tokens.accessToken;
  const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
    server.request(method, path, { token, ...(body === undefined ? {} : { body }) });
  const before = await rowCounts(server);
  for (const payload of SQL) {
    const title = `a ${payload} z`;
    const created = await ask('POST', '/api/v1/notes', { title, body: title });
    assert.equal(created.status, 201, created.text);
    const { id } = created.body as { id: string };
    await ask('PATCH', `/api/v1/notes/${id}`, { body: `${title}.` });
    const read = (await ask('GET', `/api/v1/notes/${id}`)).body as { title: string; body: string };
    assert.deepEqual([read.title, read.body], [title, `${title}.`]);
    assert.equal((await ask('PATCH', '/api/v1/me', { displayName: title })).status, 200);
    assert.equal(((await ask('GET', '/api/v1/me')).body as { displayName: string }).displayName, title);
  }
  assert.deepEqual(await rowCounts(server), { ...before, notes: SQL.length });
});

test('SQL in a User-Agent header is stored with the session as text', async (t) => {
  const server = await startServer(t, GENEROUS);
  const user = await createUser(server);
  const agents = SQL.filter((payload) => /^[ -~]+$/.test(payload)).map((payload) => `agent ${payload} z`);
  for (const agent of agents.slice(0, 9)) await signIn(server, user, { 'User-Agent': agent });
  const listed = await server.request('GET', '/api/v1/me/sessions', { token: user.tokens.accessToken });
  const stored = (listed.body as { items: { userAgent: string }[] }).items.map(({ userAgent }) => userAgent);
  for (const agent of agents.slice(0, 9)) assert.ok(stored.includes(agent), agent);
});
