import assert from 'node:assert/strict';
import test from 'node:test';
import { createUser } from './support/accounts.ts';
import { createKey, withKey } from './support/api-keys.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';
import { cookieOf, OWN_PAGE } from './support/session.ts';

const NOTE = { body: { title: 'By a program' } };

test('a request with the cookie of a session and a key gets 401, also when both are valid', async (t) => {
  const server = await startServer(t);
  const [user, other] = [await createUser(server), await createUser(server)];
  const { key } = await createKey(server, user);
  const cookies = [user.tokens.accessToken, other.tokens.accessToken, 'A'.repeat(43)].map(cookieOf);
  for (const cookie of [...cookies, `a=b; ${cookies[0] ?? ''}`, `a=b;\u00a0${cookies[0] ?? ''}`]) {
    const headers = { ...OWN_PAGE, Cookie: cookie };
    assertProblem(await withKey(server, key, 'GET /api/v1/notes', { headers }), 401, 'invalid-token');
    assertProblem(await withKey(server, key, 'POST /api/v1/notes', { ...NOTE, headers }), 401, 'invalid-token');
  }
  assert.equal((await withKey(server, key, 'GET /api/v1/notes', { headers: { Cookie: 'theme=dark' } })).status, 200);
});

test('a program changes data with a key and without an origin', async (t) => {
  const server = await startServer(t);
  const { key } = await createKey(server, await createUser(server));
  assert.equal((await withKey(server, key, 'POST /api/v1/notes', NOTE)).status, 201);
});

test('a key beside the cookie of a session does not switch off the check of the origin', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { key } = await createKey(server, user);
  const Cookie = cookieOf(user.tokens.accessToken);
  const body = { email: user.email, password: user.password };
  for (const headers of [{ Cookie }, { Cookie, 'Sec-Fetch-Site': 'cross-site' }, { Cookie, Origin: 'https://attacker.example' }]) {
    assertProblem(await withKey(server, key, 'POST /api/v1/auth/login', { body, headers }), 403, 'cross-site-request');
    assertProblem(await withKey(server, key, 'POST /api/v1/auth/logout', { headers }), 403, 'cross-site-request');
  }
  assert.equal((await server.request('GET', '/api/v1/me', { token: user.tokens.accessToken })).status, 200);
});

test('a bearer token that is no key does not switch off the check of the origin', async (t) => {
  const server = await startServer(t);
  const { email, password } = await createUser(server);
  const body = { email, password };
  for (const token of ['x', 'another-project_AAAAAAAA_A'])
    assertProblem(await withKey(server, token, 'POST /api/v1/auth/login', { body }), 403, 'cross-site-request');
});
