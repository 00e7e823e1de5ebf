import assert from 'node:assert/strict';
import test from 'node:test';
import { createUser } from './support/accounts.ts';
import { createKey, withKey } from './support/api-keys.ts';
import { giveFactor } from './support/factors.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';

test('an API key of an owner whose role needs a second factor gets 403 until the factor is enrolled', async (t) => {
  const server = await startServer(t);
  const owner = await createUser(server);
  const { key } = await createKey(server, owner);
  assert.equal((await withKey(server, key)).status, 200);
  await server.services.database.updateTable('users').set({ role: 'admin' }).where('id', '=', owner.id).execute();
  assertProblem(await withKey(server, key), 403, 'second-factor-required');
  assertProblem(await withKey(server, key, 'GET /api/v1/me/second-factor'), 403, 'forbidden');
  await giveFactor(server, owner.id);
  assert.equal((await withKey(server, key)).status, 200);
  assertProblem(await withKey(server, key, 'GET /api/v1/me/second-factor'), 403, 'forbidden');
});
