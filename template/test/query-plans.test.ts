import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { DefaultQueryExecutor, type CompiledQuery } from 'kysely';
import { createAdmin, createUser, enrol, freshEmail, login, mailTo, PASSWORD, tokenIn, type Account } from './support/accounts.ts';
import { fullScans } from './support/database.ts';
import { eventually } from './support/eventually.ts';
import { deletionLast, FEATURES, methodOf, pathOf, type FeatureAttacks } from './support/features.ts';
import { startServer, type TestRequest, type TestServer } from './support/server.ts';
import { useTokens } from './support/strategy.ts';

/** Sends a request that must succeed and returns the body of the response. */
type Send = (account: Account | undefined, operation: string, body?: unknown) => Promise<Record<string, unknown>>;

const sendTo =
  (server: TestServer): Send =>
  async (account, operation, body) => {
    const [method = '', path = ''] = operation.split(' ');
    const options: TestRequest = { token: account?.tokens.accessToken, ...(body === undefined ? {} : { body }) };
    const answer = await server.request(method, path, options);
    assert.ok(answer.status < 300, `${operation}: ${answer.status} ${answer.text}`);
    return (typeof answer.body === 'object' ? answer.body : {}) as Record<string, unknown>;
  };

/** Records the queries of this process until the test ends. */
function recordQueries(t: TestContext): CompiledQuery[] {
  const queries: CompiledQuery[] = [];
  const executor = DefaultQueryExecutor.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on an executor below
  const execute = executor.executeQuery;
  t.mock.method(executor, 'executeQuery', function record(this: DefaultQueryExecutor, query: CompiledQuery) {
    queries.push(query);
    return execute.call(this, query);
  });
  return queries;
}

async function useAccounts(server: TestServer, send: Send, user: Account, admin: Account): Promise<void> {
  const email = freshEmail();
  await enrol(server, { email, password: PASSWORD });
  await login(server, { email, password: 'not the password' });
  await send(undefined, 'POST /api/v1/auth/password/forgot', { email });
  const token = tokenIn(await mailTo(server, email, 2));
  await send(undefined, 'POST /api/v1/auth/password/reset', { token, password: `${PASSWORD} 2` });
  await useTokens(server, user.tokens);
  await send(user, 'GET /api/v1/me');
  await send(user, 'PATCH /api/v1/me', { displayName: 'Name' });
  await send(user, 'POST /api/v1/auth/password/change', { currentPassword: PASSWORD, newPassword: `${PASSWORD} 3` });
  const { items } = await send(user, 'GET /api/v1/me/sessions');
  const [session] = items as { readonly id: string }[];
  await send(user, `DELETE /api/v1/me/sessions/${session?.id ?? ''}`);
  await send(admin, `PATCH /api/v1/users/${user.id}`, { role: 'admin' });
  await send(admin, `PATCH /api/v1/users/${user.id}`, { role: 'user', disabled: true });
  await send(admin, `GET /api/v1/users/${user.id}`);
}

async function useFeature(send: Send, user: Account, admin: Account, { routes, objects }: FeatureAttacks): Promise<void> {
  const create = () => (objects ? send(user, objects.create, routes[objects.create]?.body) : Promise.resolve({}));
  await create();
  const { id } = (await create()) as { readonly id?: string };
  for (const [operation, { adminOnly, body }] of Object.entries(routes).sort(deletionLast))
    await send(adminOnly ? admin : user, `${methodOf(operation)} ${pathOf(operation, id ?? user.id)}`, body);
}

/** A list, and the page after the first. */
async function turnPages(send: Send, account: Account, path: string): Promise<void> {
  const { nextCursor } = await send(account, `GET ${path}?limit=1`);
  await send(account, `GET ${path}?limit=1&cursor=${String(nextCursor)}`);
}

async function deleteAccount(server: TestServer, send: Send): Promise<void> {
  const leaving = await createUser(server);
  await send(leaving, 'DELETE /api/v1/me');
  await eventually('the deletion of the account', async () => {
    const left = await server.services.database.selectFrom('users').select('id').where('id', '=', leaving.id).execute();
    return left.length === 0;
  });
}

test('no query of a request reads a whole table: each finds its rows by an index', async (t) => {
  const server = await startServer(t);
  const queries = recordQueries(t);
  const [send, user, admin] = [sendTo(server), await createUser(server), await createAdmin(server)];
  for (const { attacks } of FEATURES) if (attacks) await useFeature(send, user, admin, attacks);
  await turnPages(send, admin, '/api/v1/users');
  await useAccounts(server, send, user, admin);
  await deleteAccount(server, send);
  await server.upkeep();
  t.mock.restoreAll();
  const byText = new Map(queries.map((query) => [query.sql, query]));
  assert.ok(byText.size > 40, `${byText.size} queries were seen`);
  for (const query of byText.values()) assert.deepEqual(await fullScans(server.services.database, query), [], query.sql);
});

test('a request for the own account is one query, besides the counts of rate limits', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const queries = recordQueries(t);
  for (let index = 0; index < 3; index += 1) await sendTo(server)({ tokens } as Account, 'GET /api/v1/me');
  assert.equal(queries.filter(({ sql }) => !sql.includes('"rate_limits"')).length, 3);
});
