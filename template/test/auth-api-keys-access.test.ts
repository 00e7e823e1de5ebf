import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { holds, type Permission, type Role } from '../src/access/policy.ts';
import { authenticated, can, route } from '../src/http/route.ts';
import { createFeatures } from '../src/routes.ts';
import { createAdmin, createUser, setRole, type Account } from './support/accounts.ts';
import { createKey, endKey, requestKey, storedKeys, withKey, type CreatedKey } from './support/api-keys.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { declaredCaller, operationOf, type Caller } from './support/features.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

/** Every route and who may call it. Those that only read come first: without authorisation they would show data. */
function routesOf({ services }: TestServer): readonly (readonly [operation: string, caller: Caller])[] {
  return createFeatures(services)
    .routes.toSorted((one, other) => Number(other.method === 'get') - Number(one.method === 'get'))
    .map((declared) => [operationOf(declared), declaredCaller(declared.access)]);
}

const isPermission = (caller: Caller): caller is Permission => caller !== 'anyone' && caller !== 'signed-in';

function permissionsOf(server: TestServer): Permission[] {
  return [...new Set(routesOf(server).flatMap(([, caller]) => (isPermission(caller) ? [caller] : [])))];
}

/** Permissions of the role `user`; all others are for administrators. */
const scopesOf = (server: TestServer) => permissionsOf(server).filter((permission) => holds('user', permission));

/** An invalid body: the request gets past authorisation only with permission, and changes no data. */
function probe(server: TestServer, key: string, operation: string) {
  const [method = '', path = ''] = operation.split(' ');
  const body = method === 'GET' ? {} : { body: { 'not a field': true } };
  return withKey(server, key, `${method} ${path.replaceAll(/:\w+/g, randomUUID())}`, body);
}

/** Sends a key to every route; `expected` is the status of those that are not public, undefined when the route is open. */
async function assertStatuses(server: TestServer, key: string, expected: (caller: Caller) => 401 | 403 | undefined): Promise<void> {
  for (const [operation, caller] of routesOf(server)) {
    const answer = await probe(server, key, operation);
    const status = caller === 'anyone' ? undefined : expected(caller);
    if (status === undefined) assert.ok(![401, 403].includes(answer.status) && answer.status < 500, `${operation}: ${answer.text}`);
    else assertProblem(answer, status, status === 401 ? 'invalid-token' : 'forbidden');
  }
}

/** Writes scopes into the database that the API would refuse. */
async function setScopes({ services }: TestServer, { id }: CreatedKey, ...scopes: readonly string[]): Promise<void> {
  await services.database
    .updateTable('api_keys')
    .set({ scopes: scopes.join(' ') })
    .where('id', '=', id)
    .execute();
}

test('a key with one scope can call the routes that need it and gets 403 on every other route', async (t) => {
  const server = await startServer(t);
  const owners = [await createUser(server), await createAdmin(server)];
  assert.ok(scopesOf(server).length > 0);
  for (const owner of owners) {
    for (const scope of scopesOf(server)) {
      const { id, key } = await createKey(server, owner, { scopes: [scope] });
      await assertStatuses(server, key, (caller) => (caller === scope ? undefined : 403));
      await endKey(server, owner, id);
    }
  }
});

test('a key without scopes gets 403 on every route, also one of an administrator', async (t) => {
  const server = await startServer(t);
  for (const owner of [await createUser(server), await createAdmin(server)]) {
    const created = await createKey(server, owner);
    await setScopes(server, created);
    await assertStatuses(server, created.key, () => 403);
  }
});

test('a key of an administrator with the permissions of administrators in the database gets 403 on their routes', async (t) => {
  const server = await startServer(t);
  const created = await createKey(server, await createAdmin(server));
  await setScopes(server, created, ...permissionsOf(server));
  await assertStatuses(server, created.key, (caller) => (isPermission(caller) && holds('user', caller) ? undefined : 403));
});

test('a key cannot be created with a permission of administrators, also by an administrator', async (t) => {
  const server = await startServer(t);
  const admin = await createAdmin(server);
  const forAdmins = permissionsOf(server).filter((permission) => !holds('user', permission));
  assert.ok(forAdmins.length > 0);
  for (const scope of [...forAdmins, 'users:*', '*', '', '__proto__', 'notes:own users:read'])
    assertProblem(await requestKey(server, admin, { scopes: ['notes:own', scope] }), 400, 'invalid-request');
  assert.deepEqual(await storedKeys(server, admin), []);
});

test('a key cannot be created with a permission that the role of its owner does not have', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  await setRole(server, user, 'root' as Role);
  assertProblem(await requestKey(server, user), 403, 'forbidden');
  assert.deepEqual(await storedKeys(server, user), []);
});

test('a key loses its rights with the role of its owner, and never gains more than its scopes', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { key } = await createKey(server, user);
  await setRole(server, user, 'root' as Role);
  await assertStatuses(server, key, () => 403);
  await setRole(server, user, 'admin');
  await assertStatuses(server, key, (caller) => (caller === 'notes:own' ? undefined : 403));
});

test('a key that was ended, has expired, or whose owner is disabled, unverified or deleted gets 401 on every route', async (t) => {
  const server = await startServer(t);
  const { database } = server.services;
  const setUser = (values: { disabled_at?: number; email_verified_at?: null }) => async (user: Account) => {
    await database.updateTable('users').set(values).where('id', '=', user.id).execute();
  };
  const ends: Readonly<Record<string, (user: Account, created: CreatedKey) => Promise<unknown>>> = {
    ended: (user, { id }) => endKey(server, user, id),
    expired: (_, { id }) => database.updateTable('api_keys').set({ expires_at: server.clock.now() }).where('id', '=', id).execute(),
    'owner disabled': setUser({ disabled_at: 1 }),
    'owner not verified': setUser({ email_verified_at: null }),
    'owner deleted': (user) => server.request('DELETE', '/api/v1/me', { token: user.tokens.accessToken }),
  };
  for (const [name, end] of Object.entries(ends)) {
    const user = await createUser(server);
    const created = await createKey(server, user);
    assert.equal((await withKey(server, created.key)).status, 200, name);
    await end(user, created);
    assertProblem(await withKey(server, created.key), 401, 'invalid-token');
    await assertStatuses(server, created.key, () => 401);
  }
});

test('a new route is closed to keys unless it needs a permission in their scopes', async (t) => {
  const server = await startServer(t);
  const { key } = await createKey(server, await createAdmin(server));
  const handle = t.mock.fn(() => Promise.resolve(undefined));
  const declared = { method: 'get', summary: 'new', status: 204, handle } as const;
  const request = await startWithRoutes(t, server, [
    route({ ...declared, path: '/signed-in', access: authenticated }),
    route({ ...declared, path: '/for-admins', access: can('users:read') }),
    route({ ...declared, path: '/open', access: can('notes:own') }),
  ]);
  const headers = { Authorization: `Bearer ${key}` };
  const answers = [await request('/signed-in', { headers }), await request('/for-admins', { headers })];
  assert.equal(handle.mock.callCount(), 0);
  for (const answer of answers) assertProblem(answer, 403, 'forbidden');
  assert.equal((await request('/open', { headers })).status, 204);
});

test('a key reads and changes only what belongs to its owner', async (t) => {
  const server = await startServer(t);
  const [user, other] = [await createUser(server), await createUser(server)];
  const [mine, foreign] = [await createKey(server, user), await createKey(server, other)];
  const created = await withKey(server, mine.key, 'POST /api/v1/notes', { body: { title: 'By a program' } });
  assert.equal(created.status, 201, created.text);
  const { id } = created.body as { id: string };
  assert.equal((await withKey(server, mine.key, `GET /api/v1/notes/${id}`)).status, 200);
  for (const method of ['GET', 'DELETE']) assert.equal((await withKey(server, foreign.key, `${method} /api/v1/notes/${id}`)).status, 404);
});

test('a refused scope is logged as authz_fail with the id of the key', async (t) => {
  const server = await startServer(t);
  const { id, key } = await createKey(server, await createUser(server));
  assertProblem(await withKey(server, key, 'GET /api/v1/users'), 403, 'forbidden');
  assert.equal(server.logs.find(({ event }) => event === 'authz_fail')?.['sessionId'], id);
});
