import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUser, signIn } from './support/accounts.ts';
import { eventually } from './support/eventually.ts';
import { assertProblem } from './support/problems.ts';
import { countAnswers, parseAnswer } from './support/raw-http.ts';
import { startServer } from './support/server.ts';

const from = (address: string) => ({ 'x-forwarded-for': address });

describe('rate limits', () => {
  it('an address over its limit gets 429 with Retry-After on every path', async (t) => {
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

  it('an address over its limit gets 429 before a large body is read', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1' });
    await server.request('GET', '/');
    // The rest of the body never arrives: a server that reads it does not answer.
    const received = await server.sendBytes(
      'POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 15000\r\nConnection: close\r\n\r\n{',
    );
    assert.equal(countAnswers(received), 1);
    assertProblem(parseAnswer(received), 429, 'too-many-requests');
  });

  it('requests during a 429 do not extend it: it ends with its window', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1', RATE_LIMIT_WINDOW_SECONDS: '60' });
    assert.equal((await server.request('GET', '/')).status, 200);
    server.clock.advance(40_000);
    assert.equal((await server.request('GET', '/')).status, 429);
    server.clock.advance(19_000);
    assert.equal((await server.request('GET', '/')).status, 429);
    server.clock.advance(2000);
    assert.equal((await server.request('GET', '/')).status, 200);
  });

  it('a user who changes addresses gets 429 at the limit of the user', async (t) => {
    const server = await startServer(t, { USER_RATE_LIMIT_MAX: '3', TRUSTED_PROXIES: '127.0.0.1' });
    const [{ tokens }, other] = [await createUser(server), await createUser(server)];
    const ask = (token: string, index: number) => server.request('GET', '/api/v1/me', { token, headers: from(`198.51.100.${index}`) });
    const seen = [];
    for (let index = 1; index <= 5; index += 1) seen.push((await ask(tokens.accessToken, index)).status);
    assert.deepEqual(seen, [200, 200, 200, 429, 429]);
    assert.equal((await ask(other.tokens.accessToken, 1)).status, 200);
  });

  it('two sessions of one user share one limit', async (t) => {
    const server = await startServer(t, { USER_RATE_LIMIT_MAX: '2' });
    const { email, password, tokens } = await createUser(server);
    const second = (await signIn(server, { email, password })).accessToken;
    const seen = [];
    for (const token of [tokens.accessToken, second, tokens.accessToken]) {
      seen.push((await server.request('GET', '/api/v1/me', { token })).status);
    }
    assert.deepEqual(seen, [200, 200, 429]);
  });

  it('/healthz gets 200 while its address gets 429', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1' });
    for (let index = 0; index < 5; index += 1) {
      await server.request('GET', '/');
      assert.equal((await server.request('GET', '/healthz')).status, 200);
    }
  });

  it('a 429 is logged as excess_rate_limit_exceeded', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1' });
    await server.request('GET', '/');
    await server.request('GET', '/');
    const event = server.logs.find((line) => line.event === 'excess_rate_limit_exceeded');
    assert.equal(event?.level, 'warn');
    assert.equal(event['ip'], '127.0.0.1');
  });

  it('of many 429s in one window the first is logged, and the rest as one number', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '3', RATE_LIMIT_WINDOW_SECONDS: '1' });
    const begun = performance.now();
    for (let index = 0; index < 40; index += 1) await server.request('GET', '/nope');
    const windows = 2 + Math.ceil((performance.now() - begun) / 1000);
    const lines = (name: string) => server.logs.filter(({ event }) => event === name).length;
    assert.ok(lines('excess_rate_limit_exceeded') >= 1 && lines('excess_rate_limit_exceeded') <= windows);
    assert.ok(lines('http_request') <= 4 * windows, `${lines('http_request')} lines`);
    assert.ok(lines('rate_limit_refusals') <= 2 * windows, `${lines('rate_limit_refusals')} lines`);
    const summary = await eventually('the number of refusals', () =>
      server.logs.find((line) => line.event === 'rate_limit_refusals' && line['repeated'] !== undefined),
    );
    assert.ok(Number(summary['repeated']) > 0);
  });

  it('foreign hosts, preflights and upgrades are counted and get 429 at the limit', async (t) => {
    const origin = 'https://app.example.com';
    const attacks = {
      host: 'GET / HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n',
      target: 'GET http://attacker.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
      preflight: `OPTIONS /api/v1/notes HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: POST\r\n\r\n`,
      foreign:
        'OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nOrigin: https://attacker.example\r\nAccess-Control-Request-Method: POST\r\n\r\n',
      upgrade: 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n',
    };
    for (const [name, attack] of Object.entries(attacks)) {
      const server = await startServer(t, { RATE_LIMIT_MAX: '2', CORS_ORIGINS: origin });
      const seen = [];
      for (let index = 0; index < 6; index += 1) seen.push(parseAnswer(await server.sendBytes(attack)).status);
      assert.deepEqual(seen.slice(2), [429, 429, 429, 429], name);
      assert.ok(!seen.slice(0, 2).includes(429), name);
      assert.equal(server.logs.filter(({ event }) => event === 'http_request').length, 3, name);
      assert.ok(server.logs.filter(({ event }) => event.startsWith('malicious')).length <= 2, name);
    }
  });

  it('a page of a listed origin can read a 429 and its Retry-After', async (t) => {
    const origin = 'https://app.example.com';
    const server = await startServer(t, { RATE_LIMIT_MAX: '1', CORS_ORIGINS: origin });
    await server.request('GET', '/');
    const refused = await server.request('GET', '/', { headers: { origin } });
    assertProblem(refused, 429, 'too-many-requests');
    assert.equal(refused.headers.get('access-control-allow-origin'), origin);
    assert.match(refused.headers.get('access-control-expose-headers') ?? '', /Retry-After/);
  });
});
