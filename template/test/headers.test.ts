import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createUser } from './support/accounts.ts';
import type { Answer } from './support/problems.ts';
import { parseAnswer } from './support/raw-http.ts';
import { startServer } from './support/server.ts';

const POLICY = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'";

const EXPECTED: Record<string, string> = {
  'content-security-policy': POLICY,
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-xss-protection': '0',
  'cache-control': 'no-store',
};

/** One response of every kind that the project sends. */
async function provoke(t: TestContext): Promise<Map<string, Answer>> {
  const [server, limited, broken] = await Promise.all([startServer(t), startServer(t, { RATE_LIMIT_MAX: '1' }), startServer(t)]);
  const { tokens } = await createUser(broken);
  await broken.services.database.destroy();
  await limited.request('GET', '/');
  const login = (rawBody: string, type = 'application/json') =>
    server.request('POST', '/api/v1/auth/login', { rawBody, headers: { 'content-type': type } });
  const sendBytes = async (text: string) => parseAnswer(await server.sendBytes(text));
  return new Map<string, Answer>([
    ['200', await server.request('GET', '/')],
    ['200 health', await server.request('GET', '/healthz')],
    ['200 document', await server.request('GET', '/openapi.json')],
    ['400 malformed', await login('{"a":')],
    ['401', await server.request('GET', '/api/v1/me')],
    ['404', await server.request('GET', '/nope')],
    ['405', await server.request('DELETE', '/api/v1/auth/login')],
    ['413', await login(JSON.stringify('a'.repeat(20_000)))],
    ['415', await login('a=1', 'text/plain')],
    ['421', await sendBytes('GET / HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n')],
    ['429', await limited.request('GET', '/')],
    ['50 database', await broken.request('GET', '/api/v1/notes', { token: tokens.accessToken })],
    ['200 expectation', await sendBytes('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: the-unexpected\r\nConnection: close\r\n\r\n')],
    ['400 parser', await sendBytes('GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n')],
    ['431 parser', await sendBytes(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)],
  ]);
}

describe('headers', () => {
  it('every response has the security headers, error responses too', async (t) => {
    for (const [name, { headers, status }] of await provoke(t)) {
      assert.ok(String(status).startsWith(name.slice(0, 3).trim()), `${name}: ${status}`);
      for (const [header, value] of Object.entries(EXPECTED)) assert.equal(headers.get(header), value, `${header} of ${name}`);
    }
  });

  it('a response has exactly one Content-Security-Policy, and that policy loads no resource', async (t) => {
    const server = await startServer(t);
    const received = await server.sendBytes('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    const policies = received.match(/^content-security-policy: .*$/gim) ?? [];
    assert.deepEqual(
      policies.map((line) => line.slice(line.indexOf(':') + 2)),
      [POLICY],
    );
  });

  it('Permissions-Policy denies camera, location, fullscreen and the like on every response', async (t) => {
    for (const [name, { headers }] of await provoke(t)) {
      const granted = headers.get('permissions-policy') ?? '';
      for (const feature of ['camera', 'microphone', 'geolocation', 'fullscreen', 'payment', 'usb']) {
        assert.match(granted, new RegExp(String.raw`(^|, ?)${feature}=\(\)(,|$)`), `${feature} of ${name}`);
      }
    }
  });

  it('no response names the framework or a version', async (t) => {
    for (const [name, { headers, text }] of await provoke(t)) {
      assert.equal(headers.get('x-powered-by'), null, name);
      assert.equal(headers.get('server'), null, name);
      assert.doesNotMatch(text, /express|node\.?js|cannot (get|post)|\d+\.\d+\.\d+-/i, name);
    }
  });

  it('private data is sent with no-store and without ETag, and If-None-Match gets 200', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const first = await server.request('GET', '/api/v1/me', { token: tokens.accessToken });
    const again = await server.request('GET', '/api/v1/me', { token: tokens.accessToken, headers: { 'if-none-match': '*' } });
    assert.equal(first.headers.get('cache-control'), 'no-store');
    assert.equal(first.headers.get('etag'), null);
    assert.equal(again.status, 200);
  });

  it('markup in a note is returned as JSON with escaped angle brackets', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const title = '<img src=x onerror=alert(1)>&';
    const created = await server.request('POST', '/api/v1/notes', { token: tokens.accessToken, body: { title, body: '' } });
    assert.equal(created.status, 201);
    const read = await server.request('GET', created.headers.get('location') ?? '', { token: tokens.accessToken });
    assert.equal(read.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal((read.body as { title: string }).title, title);
    assert.doesNotMatch(read.text, /[<>&]/);
  });

  it('a callback parameter (JSONP) is ignored: the response is JSON', async (t) => {
    const server = await startServer(t);
    const answer = await server.request('GET', '/?callback=alert');
    assert.doesNotMatch(answer.text, /alert/);
    assert.notEqual(answer.headers.get('content-type'), 'text/javascript; charset=utf-8');
  });
});
