import assert from 'node:assert/strict';
import test from 'node:test';
import { DefaultQueryExecutor } from 'kysely';
import { PROJECT_NAME } from '../src/project.ts';
import { BEHIND_PROXY, createUser, fromAddress } from './support/accounts.ts';
import { createKey, withKey } from './support/api-keys.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';

const WRONG = `${PROJECT_NAME}_AAAAAAAA_${'A'.repeat(43)}`;

test('a key over its limit gets 429, while its owner and another key of its owner get 200', async (t) => {
  const server = await startServer(t, { USER_RATE_LIMIT_MAX: '5', ...BEHIND_PROXY });
  const user = await createUser(server);
  const [busy, other] = [await createKey(server, user), await createKey(server, user)];
  const seen = [];
  for (let index = 0; index < 7; index += 1)
    seen.push((await withKey(server, busy.key, 'GET /api/v1/notes', { headers: fromAddress(index) })).status);
  assert.deepEqual(seen, [200, 200, 200, 200, 200, 429, 429]);
  assert.equal((await server.request('GET', '/api/v1/notes', { token: user.tokens.accessToken })).status, 200);
  assert.equal((await withKey(server, other.key)).status, 200);
});

test('an address that sends many refused keys gets 429; a valid key still works there, and other addresses get 401', async (t) => {
  const server = await startServer(t, { LOGIN_LIMIT_MAX: '2', ...BEHIND_PROXY });
  const { key } = await createKey(server, await createUser(server));
  const send = (sent: string, address: number) => withKey(server, sent, 'GET /api/v1/notes', { headers: fromAddress(address) });
  const seen = [];
  for (let index = 0; index < 12; index += 1) seen.push((await send(WRONG, 1)).status);
  assert.deepEqual(seen, [...Array.from({ length: 10 }, () => 401), 429, 429]);
  const refused = await send(WRONG, 1);
  assertProblem(refused, 429, 'too-many-requests');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await send(key, 1)).status, 200);
  assertProblem(await send(WRONG, 2), 401, 'invalid-token');
});

test('a request with a key is one query for the key and its owner, besides the counts of rate limits and its own work', async (t) => {
  const server = await startServer(t);
  const { key } = await createKey(server, await createUser(server));
  const queries: string[] = [];
  const executor = DefaultQueryExecutor.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on an executor below
  const execute = executor.executeQuery;
  t.mock.method(executor, 'executeQuery', function record(this: DefaultQueryExecutor, query: Parameters<typeof execute>[0]) {
    queries.push(query.sql);
    return execute.call(this, query);
  });
  assertProblem(await withKey(server, key, 'GET /api/v1/me'), 403, 'forbidden');
  const reads = queries.filter((sql) => sql.startsWith('select') && !sql.includes('"rate_limits"'));
  assert.equal(reads.length, 1, reads.join('\n'));
});
