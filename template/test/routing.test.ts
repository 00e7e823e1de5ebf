import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFeatures } from '../src/routes.ts';
import { createUser } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { countAnswers, OWN_LINES, parseAnswer } from './support/raw-http.ts';
import { startServer, type TestServer } from './support/server.ts';
import { withToken } from './support/strategy.ts';

const ID = '00000000-0000-4000-8000-000000000000';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods declared for each path, with ids filled in. */
function declared(server: TestServer): Map<string, Set<string>> {
  const { routes } = createFeatures(server.services);
  const paths = new Map<string, Set<string>>();
  for (const { method, path } of routes) {
    const concrete = path.replaceAll(/:\w+/g, ID);
    const methods = paths.get(concrete) ?? new Set();
    methods.add(method.toUpperCase());
    if (method === 'get') methods.add('HEAD');
    paths.set(concrete, methods);
  }
  return paths;
}

const rawRequest = async (server: TestServer, method: string, target: string) =>
  parseAnswer(await server.sendBytes(`${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`));

/** The token as a line of a raw request. */
const headerOf = (token: string) =>
  Object.entries(withToken(token))
    .map(([name, value]) => `${name}: ${value}`)
    .join('\r\n');

describe('routing', () => {
  it('an undeclared method gets 405 on every route, and Allow lists the declared ones', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const answers = [];
    for (const [path, methods] of declared(server)) {
      for (const method of METHODS.filter((name) => !methods.has(name))) {
        const answer = await server.request(method, path, { token: tokens.accessToken });
        answers.push({ name: `${method} ${path}`, method, methods, answer });
      }
    }
    const accepted = answers.filter(({ answer }) => answer.status < 400);
    assert.deepEqual(
      accepted.map(({ name }) => name),
      [],
    );
    for (const { name, method, methods, answer } of answers) {
      const allowed = new Set(answer.headers.get('allow')?.split(', '));
      assert.deepEqual(new Set([...allowed].filter((one) => one !== 'OPTIONS')), methods, name);
      assert.equal(answer.status, 405, name);
      if (method !== 'HEAD') assertProblem(answer, 405, 'method-not-allowed');
    }
  });

  it('TRACE and WebDAV methods get 405, CONNECT and unknown methods get 400', async (t) => {
    const server = await startServer(t);
    for (const method of ['TRACE', 'PROPFIND', 'PURGE', 'SEARCH', 'QUERY', 'MKCOL']) {
      for (const target of ['/', '/healthz', '/api/v1/me', '/.well-known/security.txt']) {
        const answer = await rawRequest(server, method, target);
        assert.equal(answer.status, 405, `${method} ${target}`);
      }
    }
    const odd = await server.sendBytes('FOO / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
    assert.equal(parseAnswer(odd).status, 400);
    const tunnel = await server.sendBytes('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    assertProblem(parseAnswer(tunnel), 400, 'malformed-request');
  });

  it('OPTIONS without a token gets 405 or an empty 204', async (t) => {
    const server = await startServer(t);
    const answer = await server.request('OPTIONS', '/api/v1/users');
    assert.ok([204, 405].includes(answer.status), String(answer.status));
    assert.equal(answer.status === 204 ? answer.text : '', '');
  });

  it('HEAD gets 401 without a token and 403 without the permission', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const head = async (token?: string) => (await server.request('HEAD', '/api/v1/users', token === undefined ? {} : { token })).status;
    assert.equal(await head(), 401);
    assert.equal(await head(tokens.accessToken), 403);
  });

  it('a method in a header or in the query is ignored', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const token = tokens.accessToken;
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      await server.request('POST', '/api/v1/me', { token, headers: { [name]: 'DELETE' } });
      await server.request('GET', '/api/v1/me?_method=DELETE', { token, headers: { [name]: 'DELETE' } });
    }
    assert.equal((await server.request('GET', '/api/v1/me', { token })).status, 200);
  });

  it('another spelling of a path gets 400 or 404, so that it cannot bypass a rule of a proxy', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    for (const target of [
      '/API/v1/me',
      '/api/V1/me',
      '/api/v1/ME',
      '/api/v1/me/',
      '//api/v1/me',
      '/api//v1/me',
      '/api/v1/%6de%2f',
      '/api/v1/./me',
      '/api/v1/x/../me',
      '/api/v1/me;x=1',
      '/api/v1/me%00',
      '/api/v1/me%2e',
      '/api\\v1\\me',
    ]) {
      const answer = parseAnswer(
        await server.sendBytes(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headerOf(tokens.accessToken)}\r\nConnection: close\r\n\r\n`),
      );
      assert.ok([400, 404].includes(answer.status), `${target}: ${answer.status}`);
    }
  });

  it('a path that cannot be decoded is refused and never gets 500', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    for (const target of ['/api/v1/notes/%E0%A4%A', '/api/v1/notes/%', '/api/v1/notes/%ff%fe', '/%c0%ae%c0%ae/']) {
      const answer = await rawRequest(server, 'GET', target);
      assert.ok([400, 401, 404].includes(answer.status), `${target}: ${answer.status}`);
      const own = parseAnswer(
        await server.sendBytes(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headerOf(tokens.accessToken)}\r\nConnection: close\r\n\r\n`),
      );
      assertProblem(own, own.status === 404 ? 404 : 400, own.status === 404 ? 'not-found' : 'invalid-request');
    }
  });

  it('files of the project such as .env and package.json get 404', async (t) => {
    const server = await startServer(t);
    for (const target of [
      '/package.json',
      '/.env',
      '/.git/HEAD',
      '/src/server.ts',
      '/node_modules/express/package.json',
      '/../../../etc/passwd',
      '/..%2f..%2fetc%2fpasswd',
      '/favicon.ico',
      '/robots.txt',
      '/index.html',
      '/server-status',
      '/debug',
      '/__test',
      '/metrics',
      '/livez',
      '/readyz',
    ]) {
      assert.equal((await rawRequest(server, 'GET', target)).status, 404, target);
    }
  });

  it('an Upgrade header is ignored: the request gets 200 and is logged', async (t) => {
    const server = await startServer(t);
    const get = (...headers: string[]) => ['GET / HTTP/1.1', 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n');
    const offers = [
      get('Connection: Upgrade, close', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='),
      get('Connection: Upgrade, HTTP2-Settings, close', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'),
      get('Connection: Upgrade, close', 'Upgrade: TLS/1.0'),
    ];
    for (const offer of offers) {
      const received = await server.sendBytes(offer);
      assert.equal(countAnswers(received), 1, received);
      assert.equal(parseAnswer(received).status, 200);
      assert.match(received, /"security":/);
    }
    assert.equal(server.logs.filter(({ event }) => event === 'http_request').length, offers.length);
  });

  it('the body of a request with an Upgrade header is not handled as a second request', async (t) => {
    const server = await startServer(t);
    const inner = 'GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    const head = (...headers: string[]) =>
      [
        'POST /api/v1/auth/login HTTP/1.1',
        ...OWN_LINES,
        'Connection: Upgrade, close',
        'Upgrade: h2c',
        'Content-Type: application/json',
        ...headers,
        '',
        '',
      ].join('\r\n');
    const length = head(`Content-Length: ${inner.length}`) + inner;
    const chunks = `${head('Transfer-Encoding: chunked')}${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
    for (const text of [length, chunks]) {
      const received = await server.sendBytes(text);
      assert.deepEqual(received.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 400']);
    }
    assert.equal(server.logs.filter(({ event }) => event === 'http_request').length, 2);
  });
});
