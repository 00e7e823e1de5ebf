import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Role } from '../src/access/policy.ts';
import { authenticated, can, route } from '../src/http/route.ts';
import { createFeatures } from '../src/routes.ts';
import { createAdmin, createUser, setRole, signIn, type Account, type Answer } from './support/accounts.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { FEATURES, declaredCaller, operationOf, type Caller } from './support/features.ts';
import { ROUTES_OF_PARTS } from './support/parts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';
import { ACCESS as OF_STRATEGY, withToken } from './support/strategy.ts';

/** Who may call which route of the template; `test/features` has the routes of your features. */
const ACCESS: Readonly<Record<string, Caller>> = {
  ...OF_STRATEGY,
  ...ROUTES_OF_PARTS,
  'POST /api/v1/auth/register': 'anyone',
  'POST /api/v1/auth/verify-email': 'anyone',
  'POST /api/v1/auth/password/forgot': 'anyone',
  'POST /api/v1/auth/password/reset': 'anyone',
  'POST /api/v1/auth/password/change': 'signed-in',
  'GET /api/v1/me': 'signed-in',
  'PATCH /api/v1/me': 'signed-in',
  'DELETE /api/v1/me': 'signed-in',
  'GET /api/v1/me/sessions': 'signed-in',
  'DELETE /api/v1/me/sessions/:id': 'signed-in',
  'GET /api/v1/users': 'users:read',
  'GET /api/v1/users/:id': 'users:read',
  'PATCH /api/v1/users/:id': 'users:write',
};

const OF_FEATURES = FEATURES.flatMap(({ attacks }) => Object.entries(attacks?.routes ?? {}));
const EXPECTED = new Map([...Object.entries(ACCESS), ...OF_FEATURES.map(([operation, { caller }]) => [operation, caller] as const)]);
const FOR_ADMINS = new Set(OF_FEATURES.flatMap(([operation, { adminOnly }]) => (adminOnly ? [operation] : [])));

const isForAdmins = (operation: string, needed: Caller) => /^users:(?:read|write)$/.test(needed) || FOR_ADMINS.has(operation);

/** Whether the caller passed authorisation; the input may still be refused. */
const isLetIn = ({ status }: { readonly status: number }) => ![401, 403].includes(status) && status < 500;

/** Resolves when it was called twice, or after 200 ms, because a lock may keep the second caller waiting. */
function meeting(): () => Promise<unknown> {
  const both = Promise.withResolvers<undefined>();
  let arrived = 0;
  return () => {
    arrived += 1;
    if (arrived === 2) both.resolve(undefined);
    return Promise.race([both.promise, delay(200)]);
  };
}

/** Makes two transactions begin together and end together, as far as the database allows it. */
function overlapTransactions(t: TestContext, { services: { database } }: TestServer): void {
  const begin = database.transaction.bind(database);
  const [beginning, end] = [meeting(), meeting()];
  const mock = t.mock.method(database, 'transaction', () => {
    const transaction = begin();
    const execute = transaction.execute.bind(transaction);
    transaction.execute = async (work) => {
      await beginning();
      mock.mock.restore();
      return execute(async (running) => {
        const result = await work(running);
        await end();
        return result;
      });
    };
    return transaction;
  });
}

/** A request with an invalid body: it gets past authorisation only with permission, and changes no data. */
function probe(server: TestServer, operation: string, token?: string): Promise<Answer> {
  const [method = '', pattern = ''] = operation.split(' ');
  const body = method === 'GET' ? {} : { body: { 'not a field': true } };
  return server.request(method, pattern.replaceAll(/:\w+/g, randomUUID()), { ...body, ...(token ? { token } : {}) });
}

const patchUser = (server: TestServer, { tokens }: Account, { id }: { readonly id: string }, body: object) =>
  server.request('PATCH', `/api/v1/users/${id}`, { token: tokens.accessToken, body });

async function admins(server: TestServer): Promise<number> {
  const rows = await server.services.database
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabled_at', 'is', null)
    .execute();
  return rows.length;
}

/** Status of a response; if it is a 5xx, with the error that the server logged. */
function outcome({ logs }: TestServer, { status }: Answer): string {
  const error = logs.findLast(({ event }) => event === 'unexpected_error')?.['error'];
  return status < 500 ? String(status) : `${status}, ${JSON.stringify(error)}`;
}

test('an account whose role in the database is in no policy has no permission', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  for (const role of ['root', 'Admin', 'admin ', '__proto__', 'constructor', '']) {
    await setRole(server, user, role as Role);
    assertProblem(await server.request('GET', '/api/v1/notes', { token: user.tokens.accessToken }), 403, 'forbidden');
  }
  await setRole(server, user, 'user');
  assert.equal((await server.request('GET', '/api/v1/notes', { token: user.tokens.accessToken })).status, 200);
});

test('every route is in the access table with the same access rule', async (t) => {
  const server = await startServer(t);
  const { routes } = createFeatures(server.services);
  const declared = new Map(routes.map((route) => [operationOf(route), declaredCaller(route.access)]));
  for (const [operation, caller] of declared) {
    const expected = EXPECTED.get(operation) ?? 'nothing';
    assert.equal(expected, caller, `${operation} is declared for "${caller}", but the table in test/features says "${expected}"`);
  }
  for (const operation of EXPECTED.keys())
    assert.ok(declared.has(operation), `${operation} is in a table of test/features, but not a route: list its feature in src/features.ts`);
  assert.equal(routes.length, EXPECTED.size);
});

test('on protected routes a caller without a token gets 401 and a user without the permission gets 403', async (t) => {
  const server = await startServer(t);
  const [user, admin] = [await createUser(server), await createAdmin(server)];
  for (const [operation, needed] of EXPECTED) {
    const anonymous = await probe(server, operation);
    if (needed === 'anyone') assert.ok(isLetIn(anonymous), `${operation}: ${outcome(server, anonymous)} for a stranger`);
    else assertProblem(anonymous, 401, 'unauthenticated');
    const asUser = await probe(server, operation, user.tokens.accessToken);
    if (isForAdmins(operation, needed)) assertProblem(asUser, 403, 'forbidden');
    else assert.ok(isLetIn(asUser), `${operation}: ${outcome(server, asUser)} for a user`);
    const asAdmin = await probe(server, operation, admin.tokens.accessToken);
    assert.ok(isLetIn(asAdmin), `${operation}: ${outcome(server, asAdmin)} for an admin`);
  }
});

test('a route that is not public gets 401 without a token, and its handler does not run', async (t) => {
  const server = await startServer(t);
  const handle = t.mock.fn(() => Promise.resolve(undefined));
  const declared = { method: 'get', summary: 'protected', status: 204, handle } as const;
  const request = await startWithRoutes(t, server, [
    route({ ...declared, path: '/signed-in', access: authenticated }),
    route({ ...declared, path: '/for-admins', access: can('users:read') }),
  ]);
  const answers = [await request('/signed-in'), await request('/for-admins')];
  assert.equal(handle.mock.callCount(), 0);
  for (const answer of answers) assertProblem(answer, 401, 'unauthenticated');
});

test('a HEAD request without the permission of its GET route gets 401 or 403', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  assert.equal((await server.request('HEAD', '/api/v1/users')).status, 401);
  assert.equal((await server.request('HEAD', '/api/v1/users', { token: user.tokens.accessToken })).status, 403);
});

test('a role claimed in a header, the query, a cookie or the body is ignored', async (t) => {
  const server = await startServer(t);
  const [user, admin] = [await createUser(server), await createAdmin(server)];
  const token = user.tokens.accessToken;
  const headers = {
    'X-Role': 'admin',
    'X-User-Role': 'admin',
    'X-User-Id': admin.id,
    'X-Forwarded-User': admin.email,
    'X-Original-URL': '/api/v1/me',
    'X-Rewrite-URL': '/api/v1/me',
    Cookie: `role=admin; userId=${admin.id}`,
  };
  // This route accepts any query: no schema refuses the claim first.
  const open = { access: can('users:read'), query: z.looseObject({}), status: 204, handle: () => Promise.resolve(undefined) } as const;
  const request = await startWithRoutes(t, server, [route({ ...open, method: 'get', path: '/for-admins', summary: 'open query' })]);
  const authorised = { headers: withToken(token, headers) };
  assertProblem(await request(`/for-admins?role=admin&userId=${admin.id}`, authorised), 403, 'forbidden');
  for (const path of ['/api/v1/users', '/api/v1/users?role=admin', `/api/v1/users?userId=${admin.id}`, `/api/v1/users/${admin.id}`]) {
    assertProblem(await server.request('GET', path, { token, headers }), 403, 'forbidden');
  }
  for (const id of [user.id, admin.id]) {
    const body = { role: 'admin', principal: { role: 'admin' }, id: admin.id };
    assertProblem(await server.request('PATCH', `/api/v1/users/${id}`, { token, headers, body }), 403, 'forbidden');
  }
  assertProblem(await server.request('GET', '/api/v1/users', { headers }), 401, 'unauthenticated');
  assert.equal(((await server.request('GET', '/api/v1/me', { token, headers })).body as { id: string }).id, user.id);
});

test('a user who sets a role gets 403, and no role changes', async (t) => {
  const server = await startServer(t);
  const [user, other] = [await createUser(server), await createUser(server)];
  const answers = [await patchUser(server, user, user, { role: 'admin' }), await patchUser(server, user, other, { role: 'admin' })];
  assert.equal(await admins(server), 0);
  for (const answer of answers) assertProblem(answer, 403, 'forbidden');
});

test('setting an unknown role gets 400, and the role stays', async (t) => {
  const server = await startServer(t);
  const [admin, user] = [await createAdmin(server), await createUser(server)];
  const { database } = server.services;
  for (const role of ['root', 'constructor', '__proto__', 'Admin', '', null, ['admin']]) {
    const answer = await patchUser(server, admin, user, { role });
    const stored = await database.selectFrom('users').select('role').where('id', '=', user.id).executeTakeFirstOrThrow();
    assert.equal(stored.role, 'user');
    assertProblem(answer, 400, 'invalid-request');
  }
});

test('an admin who changes their own role or disables their own account gets 409', async (t) => {
  const server = await startServer(t);
  const [admin] = [await createAdmin(server), await createAdmin(server)];
  for (const body of [{ role: 'user' }, { disabled: true }, { role: 'admin' }]) {
    assertProblem(await patchUser(server, admin, admin, body), 409, 'cannot-change-yourself');
  }
  assert.equal(await admins(server), 2);
});

test('when two admins demote each other at once, one gets 403 and one admin is left', async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [await createAdmin(server), await createAdmin(server)];
  for (const lost of [{ role: 'user' }, { disabled: true }]) {
    overlapTransactions(t, server);
    const answers = await Promise.all([patchUser(server, ada, bob, lost), patchUser(server, bob, ada, lost)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403]);
    assert.equal(await admins(server), 1);
    await server.services.database.updateTable('users').set({ role: 'admin', disabled_at: null }).execute();
    for (const account of [ada, bob]) Object.assign(account, { tokens: await signIn(server, account) });
  }
});

test('when the last two admins delete their accounts at once, one gets 409 and stays', async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [await createAdmin(server), await createAdmin(server)];
  const leave = ({ tokens }: Account) => server.request('DELETE', '/api/v1/me', { token: tokens.accessToken });
  overlapTransactions(t, server);
  const statuses = (await Promise.all([leave(ada), leave(bob)])).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [204, 409]);
  assert.equal(await admins(server), 1);
});

test('a change of a role is logged with the ids of the admin and of the user', async (t) => {
  const server = await startServer(t);
  const [admin, user] = [await createAdmin(server), await createUser(server)];
  assert.equal((await patchUser(server, admin, user, { role: 'admin' })).status, 200);
  const line = server.logs.find(({ event }) => event === 'authz_change');
  assert.ok(line);
  const text = JSON.stringify(line);
  for (const id of [admin.id, user.id]) assert.ok(text.includes(id));
  assert.ok(!text.includes(user.email));
});

test('a refused permission is logged as authz_fail with the id of the user', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  await server.request('GET', '/api/v1/users', { token: user.tokens.accessToken });
  assert.ok(server.logs.some((line) => line.event === 'authz_fail' && JSON.stringify(line).includes(user.id)));
});
