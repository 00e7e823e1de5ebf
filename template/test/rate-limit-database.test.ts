import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { start } from '../src/server.ts';
import { createUser } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';

describe('rate limits in the database', () => {
  it('a second process does not double the limit, nor does a restart forget it', async (t) => {
    const first = await startServer(t, { RATE_LIMIT_MAX: '2' });
    const second = await start({ ...first.services.config, port: 0, managementPort: 0 }, { log: first.services.log });
    t.after(() => second.stop());
    const ask = async (port: number) => (await fetch(`http://127.0.0.1:${port}/`)).status;
    assert.deepEqual([await ask(first.port), await ask(second.port), await ask(first.port), await ask(second.port)], [200, 200, 429, 429]);
  });

  it('a burst is counted hit by hit', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '10' });
    const burst = await Promise.all(Array.from({ length: 30 }, () => server.request('GET', '/')));
    assert.equal(burst.filter(({ status }) => status === 200).length, 10);
  });

  it('with the counters gone a sign-in is refused, never unlimited', async (t) => {
    const server = await startServer(t);
    const { email, password } = await createUser(server);
    await server.services.database.schema.dropTable('rate_limits').execute();
    const login = await server.request('POST', '/api/v1/auth/login', { body: { email, password } });
    assertProblem(login, 503, 'overloaded');
    const open = await server.request('GET', '/');
    assert.equal(open.status, 200);
    assert.ok(server.logs.some((line) => line.level === 'error'));
  });

  it('the table of counts tells nobody who was here', async (t) => {
    const server = await startServer(t);
    await server.request('POST', '/api/v1/auth/login', { body: { email: 'canary@example.com', password: 'CANARY-password-123' } });
    const rows = await server.services.database.selectFrom('rate_limits').selectAll().execute();
    assert.ok(rows.length > 0);
    assert.doesNotMatch(JSON.stringify(rows), /canary|127\.0\.0\.1/i);
  });
});
