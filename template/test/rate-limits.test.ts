import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUser } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';

const from = (address: string) => ({ 'x-forwarded-for': address });

describe('rate limits', () => {
  it('a flood from one address is refused with the time to wait, whatever paths it tries', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '4', RATE_LIMIT_WINDOW_SECONDS: '60' });
    for (const path of ['/', '/nope', '/api/v1/me', '/api/v1/notes']) await server.request('GET', path);
    for (const path of ['/', '/nope', '/api/v1/me', '/.well-known/security.txt']) {
      const refused = await server.request('GET', path);
      assertProblem(refused, 429, 'too-many-requests');
      const wait = Number(refused.headers.get('retry-after'));
      assert.ok(wait >= 1 && wait <= 60, `Retry-After: ${wait}`);
      assert.match(refused.headers.get('ratelimit') ?? '', /limit=4, remaining=0, reset=\d+/);
    }
  });

  it('a flood of large bodies is refused before one of them is read', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1' });
    await server.request('GET', '/');
    const refused = await server.request('POST', '/api/v1/auth/login', { body: { email: 'a'.repeat(30_000) } });
    assertProblem(refused, 429, 'too-many-requests');
  });

  it('a client who waits gets in again, one who goes on asking does not reset the clock', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1', RATE_LIMIT_WINDOW_SECONDS: '60' });
    assert.equal((await server.request('GET', '/')).status, 200);
    server.clock.advance(40_000);
    assert.equal((await server.request('GET', '/')).status, 429);
    server.clock.advance(19_000);
    assert.equal((await server.request('GET', '/')).status, 429);
    server.clock.advance(2000);
    assert.equal((await server.request('GET', '/')).status, 200);
  });

  it('a user who changes addresses keeps the limit of the user', async (t) => {
    const server = await startServer(t, { USER_RATE_LIMIT_MAX: '3', TRUSTED_PROXIES: '127.0.0.1' });
    const [{ tokens }, other] = [await createUser(server), await createUser(server)];
    const ask = (token: string, index: number) =>
      server.request('GET', '/api/v1/me', { token, headers: from(`198.51.100.${index}`) });
    const seen = [];
    for (let index = 1; index <= 5; index += 1) seen.push((await ask(tokens.accessToken, index)).status);
    assert.deepEqual(seen, [200, 200, 200, 429, 429]);
    assert.equal((await ask(other.tokens.accessToken, 1)).status, 200);
  });

  it('two sessions of one user share one limit', async (t) => {
    const server = await startServer(t, { USER_RATE_LIMIT_MAX: '2' });
    const { email, password, tokens } = await createUser(server);
    const login = await server.request('POST', '/api/v1/auth/login', { body: { email, password } });
    const second = (login.body as { accessToken: string }).accessToken;
    const seen = [];
    for (const token of [tokens.accessToken, second, tokens.accessToken]) {
      seen.push((await server.request('GET', '/api/v1/me', { token })).status);
    }
    assert.deepEqual(seen, [200, 200, 429]);
  });

  it('a flood does not make the health check look dead', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1' });
    for (let index = 0; index < 5; index += 1) {
      await server.request('GET', '/');
      assert.equal((await server.request('GET', '/healthz')).status, 200);
    }
  });

  it('a flood is reported as a security event', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1' });
    await server.request('GET', '/');
    await server.request('GET', '/');
    const event = server.logs.find((line) => line.event === 'excess_rate_limit_exceeded');
    assert.equal(event?.level, 'warn');
    assert.equal(event['ip'], '127.0.0.1');
  });
});
