import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { authenticated } from '../src/access/rules.ts';
import { authSecrets } from '../src/config/chosen.ts';
import { route } from '../src/http/route.ts';
import {
  assertSignedOut,
  BEHIND_PROXY,
  createAdmin,
  createUser,
  fromAddress,
  login,
  me,
  setRole,
  signIn,
  tokensOf,
  type Account,
  type Tokens,
} from './support/accounts.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';
import { SECRET, secretsOf, TOKEN_ROWS, withToken } from './support/strategy.ts';

interface Session {
  readonly id: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly ip: string;
  readonly userAgent: string;
  readonly current: boolean;
}

async function sessionsOf(server: TestServer, { accessToken }: Tokens): Promise<readonly Session[]> {
  const answer = await server.request('GET', '/api/v1/me/sessions', { token: accessToken });
  assert.equal(answer.status, 200, answer.text);
  return (answer.body as { items: Session[] }).items;
}

const endSession = (server: TestServer, { accessToken }: Tokens, id: string) =>
  server.request('DELETE', `/api/v1/me/sessions/${id}`, { token: accessToken });

const patchUser = (server: TestServer, admin: Account, { id }: Account, body: object) =>
  server.request('PATCH', `/api/v1/users/${id}`, { token: admin.tokens.accessToken, body });

test('every token of a session gets 401 right after the logout', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const elsewhere = await signIn(server, user);
  const out = await server.request('POST', '/api/v1/auth/logout', { token: user.tokens.accessToken });
  assert.equal(out.status, 204);
  assert.equal(out.text, '');
  await assertSignedOut(server, user.tokens);
  assert.equal((await me(server, elsewhere)).status, 200);
});

test('a GET request to logout gets 405, and the session stays open', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const answer = await server.request('GET', '/api/v1/auth/logout', { token: tokens.accessToken });
  assertProblem(answer, 405, 'method-not-allowed');
  assert.equal((await me(server, tokens)).status, 200);
});

test('a disabled account gets 401 on its next request and at a new login', async (t) => {
  const server = await startServer(t);
  const [admin, user] = [await createAdmin(server), await createUser(server)];
  assert.equal((await patchUser(server, admin, user, { disabled: true })).status, 200);
  await assertSignedOut(server, user.tokens);
  assertProblem(await login(server, user), 401, 'invalid-credentials');
  assert.equal((await patchUser(server, admin, user, { disabled: false })).status, 200);
  await assertSignedOut(server, user.tokens);
  tokensOf(await login(server, user));
});

test('an account that was disabled directly in the database gets 401 on its next request', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  await server.services.database.updateTable('users').set({ disabled_at: 1 }).where('id', '=', user.id).execute();
  assertProblem(await me(server, user.tokens), 401, 'invalid-token');
});

test('an account whose address is no longer verified gets 401 on its next request', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  await server.services.database.updateTable('users').set({ email_verified_at: null }).where('id', '=', user.id).execute();
  assertProblem(await me(server, user.tokens), 401, 'invalid-token');
});

test('sessions are in the database: a second server knows them, and without the database no token is accepted', async (t) => {
  const server = await startServer(t);
  const { config } = server.services;
  const secret = Buffer.from(authSecrets(config)[0]).toString('base64url');
  const second = await startServer(t, { [SECRET]: secret, DATABASE_URL: config.databaseUrl });
  const { tokens } = await createUser(server);
  assert.equal((await me(second, tokens)).status, 200);
  const handle = () => Promise.resolve(undefined);
  const own = route({ method: 'get', path: '/own', summary: 'needs no database itself', access: authenticated, status: 204, handle });
  const request = await startWithRoutes(t, second, [own]);
  const ask = async () => (await request('/own', { headers: withToken(tokens.accessToken) })).status;
  assert.equal(await ask(), 204);
  await second.services.database.destroy();
  assert.ok((await ask()) >= 500);
  assert.equal((await me(server, tokens)).status, 200);
});

test('a demoted admin is refused with the same token on the next request', async (t) => {
  const server = await startServer(t);
  const [admin, second] = [await createAdmin(server), await createAdmin(server)];
  const list = () => server.request('GET', '/api/v1/users', { token: second.tokens.accessToken });
  assert.equal((await list()).status, 200);
  assert.equal((await patchUser(server, admin, second, { role: 'user' })).status, 200);
  assert.ok([401, 403].includes((await list()).status));
  await setRole(server, admin, 'user');
  assertProblem(await patchUser(server, admin, second, { role: 'admin' }), 403, 'forbidden');
});

test('deleting an account ends its sessions and removes all data of the user', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const elsewhere = await signIn(server, user, { 'User-Agent': 'telltale-agent' });
  const note = { title: 'telltale title', body: 'telltale body' };
  await server.request('POST', '/api/v1/notes', { token: user.tokens.accessToken, body: note });
  const gone = await server.request('DELETE', '/api/v1/me', { token: user.tokens.accessToken });
  assert.equal(gone.status, 204);
  await assertSignedOut(server, user.tokens, elsewhere);
  assertProblem(await login(server, user), 401, 'invalid-credentials');
  const { database } = server.services;
  const tables = ['users', 'sessions', 'refresh_tokens', 'one_time_tokens', 'notes'] as const;
  const dump = JSON.stringify(await Promise.all(tables.map((table) => database.selectFrom(table).selectAll().execute())));
  for (const trace of [user.email, user.id, 'telltale']) assert.ok(!dump.includes(trace), `${trace} is still there`);
});

test('the list of sessions shows device and network of each session and no token', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const phone = await signIn(server, user, { 'User-Agent': 'Phone/1.0' });
  const sessions = await sessionsOf(server, phone);
  assert.equal(sessions.length, 2);
  const current = sessions.filter((session) => session.current);
  assert.equal(current.length, 1);
  assert.equal(current[0]?.userAgent, 'Phone/1.0');
  for (const session of sessions) {
    assert.deepEqual(Object.keys(session).sort(), ['createdAt', 'current', 'id', 'ip', 'lastSeenAt', 'userAgent']);
    assert.doesNotMatch(session.ip, /127\.0\.0\.1/);
  }
  const text = JSON.stringify(sessions);
  for (const secret of [user.tokens, phone].flatMap(secretsOf)) assert.ok(!text.includes(secret));
});

test('a User-Agent is stored with at most 200 characters and without invisible ones', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  for (const agent of ['x'.repeat(5000), 'plain\u0085\u00adagent']) {
    const [current] = (await sessionsOf(server, await signIn(server, user, { 'User-Agent': agent }))).filter((session) => session.current);
    assert.ok(current && current.userAgent.length > 0 && current.userAgent.length <= 200);
    assert.match(current.userAgent, /^[ -~]+$/);
  }
});

test('the tokens of a session that was ended from another device get 401', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const stolen = await signIn(server, user);
  const [session] = (await sessionsOf(server, user.tokens)).filter(({ current }) => !current);
  assert.equal((await endSession(server, user.tokens, session?.id ?? '')).status, 204);
  await assertSignedOut(server, stolen);
  assert.deepEqual(
    (await sessionsOf(server, user.tokens)).map(({ current }) => current),
    [true],
  );
});

test('ending a session of another user gets 404, and the session stays open', async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [await createUser(server), await createUser(server)];
  const [session] = await sessionsOf(server, ada.tokens);
  assertProblem(await endSession(server, bob.tokens, session?.id ?? ''), 404, 'not-found');
  assertProblem(await endSession(server, bob.tokens, randomUUID()), 404, 'not-found');
  assert.equal((await me(server, ada.tokens)).status, 200);
  assert.deepEqual((await sessionsOf(server, bob.tokens)).map(({ id }) => id).includes(session?.id ?? ''), false);
});

test('the eleventh sign-in ends the oldest session', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const all = [user.tokens];
  for (let device = 2; device <= 11; device += 1) {
    server.clock.advance(1000);
    all.push(await signIn(server, user));
  }
  const [oldest, ...others] = all;
  await assertSignedOut(server, oldest ?? user.tokens);
  for (const tokens of others) assert.equal((await me(server, tokens)).status, 200);
  assert.equal((await sessionsOf(server, all.at(-1) ?? user.tokens)).length, 10);
});

test('after thirty parallel sign-ins ten sessions are open', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  await Promise.all(Array.from({ length: 30 }, (_, index) => signIn(server, user, fromAddress(index))));
  const { database } = server.services;
  const alive = await database.selectFrom('sessions').select('id').where('revoked_at', 'is', null).execute();
  assert.equal(alive.length, 10);
});

test('a session id that the client sends is never stored (session fixation)', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const planted = randomUUID();
  const body = { email: user.email, password: user.password };
  const headers = { Cookie: `sid=${planted}`, 'X-Session-Id': planted };
  tokensOf(await server.request('POST', '/api/v1/auth/login', { body, headers }));
  const extra = await server.request('POST', '/api/v1/auth/login', { body: { ...body, sessionId: planted } });
  assert.equal(extra.status, 400);
  const stored = await server.services.database.selectFrom('sessions').select('id').execute();
  assert.equal(stored.length, 2);
  for (const { id } of stored) {
    assert.notEqual(id, planted);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});

test('after 300 sign-ins at most 51 sessions are stored', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { database, clock } = server.services;
  const ended = Array.from({ length: 250 }, (_, number) => ({
    id: randomUUID(),
    user_id: user.id,
    user_agent: '',
    ip_prefix: '',
    created_at: number,
    authenticated_at: 1,
    last_seen_at: 1,
    expires_at: clock() + 1_000_000,
    revoked_at: clock() - number,
  }));
  await database.insertInto('sessions').values(ended).execute();
  let last = user.tokens;
  for (let count = 0; count < 50; count += 1) last = await signIn(server, user);
  const left = await database.selectFrom('sessions').select(['id', 'revoked_at']).where('user_id', '=', user.id).execute();
  assert.equal(left.filter(({ revoked_at }) => revoked_at === null).length, 10);
  assert.ok(left.length <= 51, `${left.length} sessions`);
  assert.equal((await me(server, last)).status, 200);
});

test('a sign-in deletes at most 500 refresh tokens of an old session', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { database, clock } = server.services;
  const session = await database.selectFrom('sessions').selectAll().where('user_id', '=', user.id).executeTakeFirstOrThrow();
  const { id } = session;
  const used = Array.from({ length: 2001 - TOKEN_ROWS }, (_, number) => ({
    token_hash: String(number).padStart(64, '0'),
    session_id: id,
    expires_at: clock() + 1_000_000,
    used_at: 1,
  }));
  await database.insertInto('refresh_tokens').values(used).execute();
  await database.updateTable('sessions').set({ revoked_at: 1 }).where('id', '=', id).execute();
  const newer = Array.from({ length: 40 }, () => ({ ...session, id: randomUUID(), token_hash: null, revoked_at: clock() }));
  await database.insertInto('sessions').values(newer).execute();
  const left: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    await signIn(server, user);
    left.push((await database.selectFrom('refresh_tokens').select('token_hash').where('session_id', '=', id).execute()).length);
  }
  assert.deepEqual(left, [1501, 1001, 501, 1, 0]);
  assert.equal(await database.selectFrom('sessions').select('id').where('id', '=', id).executeTakeFirst(), undefined);
});
