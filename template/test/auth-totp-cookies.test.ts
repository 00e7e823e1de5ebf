import assert from 'node:assert/strict';
import test from 'node:test';
import { createUser } from './support/accounts.ts';
import { enrolFactor } from './support/factors.ts';
import { startServer } from './support/server.ts';
import { cookieOf } from './support/session.ts';

test('the confirmation of a second factor gives the session a new token, and the one before gets 401', async (t) => {
  const server = await startServer(t);
  const account = await createUser(server);
  const before = account.tokens.accessToken;
  const me = () => fetch(`${server.url}/api/v1/me`, { headers: { Cookie: cookieOf(before) } });
  assert.equal((await me()).status, 200);
  await enrolFactor(server, account);
  assert.equal((await me()).status, 401);
  // The client of the tests has taken the new one.
  assert.equal((await server.request('GET', '/api/v1/me', { token: before })).status, 200);
});
