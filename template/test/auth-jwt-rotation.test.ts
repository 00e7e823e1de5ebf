import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { createUser, login, me } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type Ending, type TestServer } from './support/server.ts';
import { refresh, tokensOf } from './support/strategy.ts';

const newSecret = (): string => randomBytes(32).toString('base64url');

/** Another server with the same database. */
const restarted = (t: Ending, server: TestServer, settings: Record<string, string>): Promise<TestServer> =>
  startServer(t, { DATABASE_URL: server.services.config.databaseUrl, ...settings });

test('after a rotation with the previous secret nobody has to sign in again, and a replay still ends the session', async (t) => {
  const [first, second] = [newSecret(), newSecret()];
  const before = await startServer(t, { JWT_SECRET: first });
  const { tokens: used } = await createUser(before);
  const newest = tokensOf(await refresh(before, used.refreshToken));
  const after = await restarted(t, before, { JWT_SECRET: second, JWT_SECRET_PREVIOUS: first });
  assert.equal((await me(after, newest)).status, 200);
  const renewed = tokensOf(await refresh(after, newest.refreshToken));
  assert.equal((await me(after, renewed)).status, 200);
  assertProblem(await refresh(after, used.refreshToken), 401, 'invalid-token');
  assertProblem(await me(after, renewed), 401, 'invalid-token');
});

test('nothing new is made with the previous secret: whoever stole it before the rotation cannot use it afterwards', async (t) => {
  const [first, second] = [newSecret(), newSecret()];
  const rotated = await startServer(t, { JWT_SECRET: second, JWT_SECRET_PREVIOUS: first });
  const user = await createUser(rotated);
  const fresh = tokensOf(await login(rotated, user));
  const [old, present] = await Promise.all([first, second].map((secret) => restarted(t, rotated, { JWT_SECRET: secret })));
  assert.ok(old && present);
  assertProblem(await me(old, fresh), 401, 'invalid-token');
  assert.equal((await me(present, fresh)).status, 200);
  const renewed = tokensOf(await refresh(rotated, fresh.refreshToken));
  await refresh(present, fresh.refreshToken);
  assertProblem(await me(present, renewed), 401, 'invalid-token');
});

test('when the rotation is over, tokens of the old secret get 401', async (t) => {
  const before = await startServer(t);
  const { tokens } = await createUser(before);
  const after = await restarted(t, before, { JWT_SECRET: newSecret(), JWT_SECRET_PREVIOUS: newSecret() });
  assertProblem(await me(after, tokens), 401, 'invalid-token');
});
