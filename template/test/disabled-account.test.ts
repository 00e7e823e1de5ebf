import assert from 'node:assert/strict';
import test from 'node:test';
import { createAdmin, createUser, login, mailTo, PASSWORD, tokenIn, type Account, type Answer } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const NEW_PASSWORD = `${PASSWORD} and more`;

async function mailedToken(server: TestServer, { email }: Account): Promise<string> {
  assert.equal((await server.request('POST', '/api/v1/auth/password/forgot', { body: { email } })).status, 202);
  return tokenIn(await mailTo(server, email));
}

const reset = (server: TestServer, token: string): Promise<Answer> =>
  server.request('POST', '/api/v1/auth/password/reset', { body: { token, password: NEW_PASSWORD } });

test('a reset token mailed before the account was disabled gets 400, also after the account is enabled again', async (t) => {
  const server = await startServer(t);
  const [admin, user] = [await createAdmin(server), await createUser(server)];
  const token = await mailedToken(server, user);
  const disable = (disabled: boolean) =>
    server.request('PATCH', `/api/v1/users/${user.id}`, { token: admin.tokens.accessToken, body: { disabled } });
  assert.equal((await disable(true)).status, 200);
  assertProblem(await reset(server, token), 400, 'invalid-token');
  assert.equal((await disable(false)).status, 200);
  assertProblem(await reset(server, token), 400, 'invalid-token');
  assert.equal((await login(server, { email: user.email, password: NEW_PASSWORD })).status, 401);
  assert.equal((await login(server, user)).status, 200);
});

test('a reset does not change the password of an account that was disabled directly in the database', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { database } = server.services;
  const token = await mailedToken(server, user);
  await database.updateTable('users').set({ disabled_at: 1 }).where('id', '=', user.id).execute();
  await reset(server, token);
  await database.updateTable('users').set({ disabled_at: null }).where('id', '=', user.id).execute();
  assert.equal((await login(server, { email: user.email, password: NEW_PASSWORD })).status, 401);
  assert.equal((await login(server, user)).status, 200);
});
