import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hashOpaqueToken } from '../src/crypto/opaque-token.ts';
import {
  assertSignedOut,
  createAdmin,
  createUser,
  login,
  me,
  PASSWORD,
  setRole,
  signIn,
  type Account,
  type Tokens,
} from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type Answer, type TestServer } from './support/server.ts';
import { cookieOf, newTokenIn, OWN_PAGE } from './support/session.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NEW_PASSWORD = 'seventeen kites over harbour';

/** Sends exactly this token. `server.request` would replace it by a newer one, as a browser does. */
const exactly = (server: TestServer, method: string, path: string, token: string, body?: object): Promise<Answer> =>
  server.request(method, path, { headers: { ...OWN_PAGE, Cookie: cookieOf(token) }, ...(body && { body }) });

const meWith = (server: TestServer, { accessToken }: Tokens) => exactly(server, 'GET', '/api/v1/me', accessToken);

const logout = (server: TestServer, { accessToken }: Tokens) => exactly(server, 'POST', '/api/v1/auth/logout', accessToken);

const change = (server: TestServer, { tokens, password }: Account, newPassword = NEW_PASSWORD) =>
  exactly(server, 'POST', '/api/v1/auth/password/change', tokens.accessToken, { currentPassword: password, newPassword });

const tokenOf = ({ headers }: Answer): Tokens => ({ accessToken: newTokenIn(headers) ?? '' });

test('a login with a planted cookie gets a new token, and the planted one gets 401 (session fixation)', async (t) => {
  const server = await startServer(t);
  const [attacker, victim] = [await createUser(server), await createUser(server)];
  const planted = { Cookie: cookieOf(attacker.tokens.accessToken) };
  const fresh = await signIn(server, victim, planted);
  assert.notEqual(fresh.accessToken, attacker.tokens.accessToken);
  assert.equal(((await meWith(server, fresh)).body as { id: string }).id, victim.id);
  assertProblem(await meWith(server, attacker.tokens), 401, 'invalid-token');
});

test('a token that the client invented is never accepted, also not after a login with it', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const invented = { accessToken: 'A'.repeat(43) };
  assertProblem(await meWith(server, invented), 401, 'invalid-token');
  await signIn(server, user, { Cookie: cookieOf(invented.accessToken) });
  assertProblem(await meWith(server, invented), 401, 'invalid-token');
});

test('a refused login with the cookie of an open session leaves the session open', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const answer = await login(server, { ...user, password: `${PASSWORD} 2` }, { Cookie: cookieOf(user.tokens.accessToken) });
  assertProblem(answer, 401, 'invalid-credentials');
  assert.equal(answer.headers.get('set-cookie'), null);
  assert.equal((await meWith(server, user.tokens)).status, 200);
});

test('a stolen database holds only hashes of session tokens, and a hash gets 401', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const rows = await server.services.database.selectFrom('sessions').selectAll().execute();
  assert.equal(rows[0]?.token_hash, hashOpaqueToken(tokens.accessToken));
  assert.ok(!JSON.stringify(rows).includes(tokens.accessToken));
  for (const { token_hash: hash, id } of rows) {
    for (const stolen of [hash, hash?.slice(0, 43), id]) {
      assertProblem(await meWith(server, { accessToken: stolen ?? '' }), 401, 'invalid-token');
    }
  }
});

test('after a password change the old token of the session gets 401 and the new one 200', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const changed = await change(server, user);
  assert.equal(changed.status, 204);
  assertProblem(await meWith(server, user.tokens), 401, 'invalid-token');
  assert.equal((await meWith(server, tokenOf(changed))).status, 200);
});

test('a refused password change sends no cookie, and the token stays', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const refused = await change(server, { ...user, password: `${PASSWORD} 2` });
  assertProblem(refused, 401, 'invalid-credentials');
  assert.equal(refused.headers.get('set-cookie'), null);
  assert.equal((await meWith(server, user.tokens)).status, 200);
});

test('of eight parallel password changes one gets a token, and it is the only one that is accepted', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => change(server, user, `${NEW_PASSWORD} ${index}`)));
  const renewed = answers.filter(({ headers }) => newTokenIn(headers));
  assert.deepEqual(
    renewed.map(({ status }) => status),
    [204],
  );
  assertProblem(await meWith(server, user.tokens), 401, 'invalid-token');
  for (const answer of renewed) assert.equal((await meWith(server, tokenOf(answer))).status, 200);
});

test('a session that is ended during a password change stays ended', async (t) => {
  const server = await startServer(t);
  for (let round = 0; round < 5; round += 1) {
    const user = await createUser(server);
    const [changed, ended] = await Promise.all([change(server, user), logout(server, user.tokens)]);
    if (ended.status !== 204) continue;
    for (const tokens of [user.tokens, tokenOf(changed)]) assert.equal((await meWith(server, tokens)).status, 401);
  }
});

test('after an administrator has set the role, every token of the user gets 401', async (t) => {
  const server = await startServer(t);
  const [admin, user] = [await createAdmin(server), await createAdmin(server)];
  const elsewhere = await signIn(server, user);
  for (const role of ['user', 'admin'] as const) {
    const body = { role };
    const before = await signIn(server, user);
    const changed = await server.request('PATCH', `/api/v1/users/${user.id}`, { token: admin.tokens.accessToken, body });
    assert.equal((changed.body as { role: string }).role, role);
    await assertSignedOut(server, user.tokens, elsewhere, before);
    const after = await signIn(server, user);
    assert.equal(((await me(server, after)).body as { role: string }).role, role);
  }
  for (const { id } of [admin, user]) await setRole(server, { id }, 'user');
});

test('a stolen cookie that was not used for a day gets 401; a session that is used stays open', async (t) => {
  const server = await startServer(t);
  const [idle, used] = [await createUser(server), await createUser(server)];
  for (let hours = 0; hours < 24; hours += 12) {
    server.clock.advance(DAY_MS / 2);
    const before = server.clock.now();
    assert.equal((await me(server, used.tokens)).status, 200);
    for (let time = 0; time < 300 && (await lastSeen(server, used)) < before; time += 1) await delay(10);
  }
  server.clock.advance(1000);
  assertProblem(await me(server, idle.tokens), 401, 'invalid-token');
  assert.equal((await me(server, used.tokens)).status, 200);
});

async function lastSeen({ services: { database } }: TestServer, { id }: Account): Promise<number> {
  return (await database.selectFrom('sessions').select('last_seen_at').where('user_id', '=', id).executeTakeFirstOrThrow()).last_seen_at;
}

test('deleting the account six minutes after the sign-in gets 403, however often the session was used', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const erase = () => server.request('DELETE', '/api/v1/me', { token: user.tokens.accessToken });
  server.clock.advance(6 * MINUTE_MS);
  assert.equal((await me(server, user.tokens)).status, 200);
  assertProblem(await erase(), 403, 'reauthentication-required');
  assert.equal((await change(server, user)).status, 204);
  const again = await signIn(server, { ...user, password: NEW_PASSWORD });
  assert.equal((await server.request('DELETE', '/api/v1/me', { token: again.accessToken })).status, 204);
});

test('a session that is used every day ends after 30 days', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { database } = server.services;
  server.clock.advance(30 * DAY_MS - MINUTE_MS);
  await database.updateTable('sessions').set({ last_seen_at: server.clock.now() }).execute();
  assert.equal((await me(server, user.tokens)).status, 200);
  server.clock.advance(2 * MINUTE_MS);
  await database.updateTable('sessions').set({ last_seen_at: server.clock.now() }).execute();
  assertProblem(await me(server, user.tokens), 401, 'invalid-token');
});

test('requests within a minute do not write the time of the last use', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const opened = await lastSeen(server, user);
  server.clock.advance(MINUTE_MS / 2);
  for (let time = 0; time < 5; time += 1) assert.equal((await me(server, user.tokens)).status, 200);
  // It would be written after the response, at most half a second later.
  await delay(600);
  assert.equal(await lastSeen(server, user), opened);
});

test('a logout ends the session, clears the cookie and the stored data of the origin, and leaves other sessions open', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const elsewhere = await signIn(server, user);
  const answer = await logout(server, user.tokens);
  assert.equal(answer.status, 204);
  assert.deepEqual(answer.headers.getSetCookie(), [`${cookieOf('')}; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`]);
  assert.equal(answer.headers.get('clear-site-data'), '"cache", "storage"');
  assertProblem(await meWith(server, user.tokens), 401, 'invalid-token');
  assert.equal((await meWith(server, elsewhere)).status, 200);
});

test('requests that arrive together with a logout get 200 or 401, and 401 after it', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const [ended, ...others] = await Promise.all([logout(server, tokens), ...Array.from({ length: 20 }, () => meWith(server, tokens))]);
  assert.equal(ended.status, 204);
  for (const { status } of others) assert.ok([200, 401].includes(status), String(status));
  assertProblem(await meWith(server, tokens), 401, 'invalid-token');
});
