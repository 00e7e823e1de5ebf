import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { createUser, login, PASSWORD } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { parseAnswer } from './support/raw-http.ts';
import { startServer, type TestServer } from './support/server.ts';
import { cookieOf } from './support/session.ts';

// The requests are sent without a browser. SameSite=Strict would keep a browser from sending the cookie, so a test with
// one would pass without the guard too.

const OWN = 'http://localhost:3000';
const LISTED = 'https://app.example.com';
const ATTACKER = 'https://attacker.example';
const site = (value: string) => `Sec-Fetch-Site: ${value}`;
const origin = (value: string) => `Origin: ${value}`;

/** Header lines of a request, and whether a request with them may change something. */
const COMBINATIONS: readonly (readonly [lines: readonly string[], allowed: boolean])[] = [
  [[site('same-origin')], true],
  [[site('same-origin'), origin(OWN)], true],
  [[origin(OWN)], true],
  [[origin(LISTED)], true],
  [[site('cross-site'), origin(LISTED)], true],
  [[site('same-site'), origin(LISTED)], true],
  [[], false],
  [[site('cross-site')], false],
  [[site('same-site')], false],
  [[site('none')], false],
  [[site('')], false],
  [[site('Same-Origin')], false],
  [[site('same-origin'), site('cross-site')], false],
  [[site('same-origin, cross-site')], false],
  [[site('cross-site'), origin(OWN)], false],
  [[site('same-site'), origin(OWN)], false],
  [[site('cross-site'), origin(ATTACKER)], false],
  [[site('same-site'), origin('http://sibling.localhost:3000')], false],
  [[origin(ATTACKER)], false],
  [[origin('null')], false],
  [[origin('')], false],
  [[origin(`${OWN}/`)], false],
  [[origin(OWN.toUpperCase())], false],
  [[origin('https://localhost:3000')], false],
  [[origin('http://localhost:3001')], false],
  [[origin('http://localhost')], false],
  [[origin(`${OWN}.attacker.example`)], false],
  [[origin('https://app.example.com.attacker.example')], false],
  [[origin('http://app.example.com')], false],
  [[origin(OWN), origin(ATTACKER)], false],
  [[origin(ATTACKER), origin(OWN)], false],
  [[origin(`${LISTED}, ${OWN}`)], false],
  [[`Referer: ${OWN}/docs`], false],
  [['X-Requested-With: XMLHttpRequest'], false],
];

const server = await startServer({ after }, { CORS_ORIGINS: LISTED });
const user = await createUser(server);

/** A request with exactly these headers, and with the cookie of the user when it has a token. */
async function send(target: TestServer, [method, path]: readonly [string, string], lines: readonly string[], body = '', token?: string) {
  const content = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
  const cookie = token === undefined ? [] : [`Cookie: ${cookieOf(token)}`];
  const head = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...lines, ...cookie, ...content, 'Connection: close'];
  return parseAnswer(await target.sendBytes(`${head.join('\r\n')}\r\n\r\n${body}`));
}

for (const [lines, allowed] of COMBINATIONS) {
  test(`a change with the cookie and ${lines.join(', ') || 'neither header'} gets ${allowed ? '200' : '403'}`, async () => {
    const before = server.logs.length;
    const body = JSON.stringify({ displayName: lines.join(' ').slice(0, 90) || 'no header' });
    const answer = await send(server, ['PATCH', '/api/v1/me'], lines, body, user.tokens.accessToken);
    if (allowed) {
      assert.equal(answer.status, 200, answer.text);
    } else {
      assertProblem(answer, 403, 'cross-site-request', ['attacker']);
      const { id } = user;
      const row = await server.services.database.selectFrom('users').select('display_name').where('id', '=', id).executeTakeFirstOrThrow();
      assert.notEqual(row.display_name, lines.join(' ').slice(0, 90) || 'no header');
      assert.ok(server.logs.slice(before).some(({ event, code }) => event === 'malicious_cors' && code === 'cross-site-request'));
    }
  });
}

test('a cross-site login gets 403 and opens no session (login CSRF)', async () => {
  const body = JSON.stringify({ email: user.email, password: PASSWORD });
  const sessions = async () => (await server.services.database.selectFrom('sessions').select('id').execute()).length;
  const before = await sessions();
  for (const lines of [[site('cross-site'), origin(ATTACKER)], [origin(ATTACKER)], []]) {
    const answer = await send(server, ['POST', '/api/v1/auth/login'], lines, body);
    assertProblem(answer, 403, 'cross-site-request');
    assert.equal(answer.headers.get('set-cookie'), null);
  }
  assert.equal(await sessions(), before);
});

test('a cross-site logout gets 403, and the session stays open (logout CSRF)', async () => {
  const { accessToken } = user.tokens;
  const answer = await send(server, ['POST', '/api/v1/auth/logout'], [site('cross-site'), origin(ATTACKER)], '', accessToken);
  assertProblem(answer, 403, 'cross-site-request');
  assert.equal(answer.headers.get('clear-site-data'), null);
  assert.equal((await server.request('GET', '/api/v1/me', { token: accessToken })).status, 200);
});

test('every route that changes something refuses a cross-site request, before its caller is read', async (t) => {
  const { createFeatures } = await import('../src/routes.ts');
  const { routes } = createFeatures((await startServer(t)).services);
  const unsafe = routes.filter(({ method }) => method !== 'get');
  assert.ok(unsafe.length > 8);
  for (const { method, path } of unsafe) {
    const target = [method.toUpperCase(), path.replaceAll(/:\w+/g, 'x')] as const;
    assertProblem(await send(server, target, [site('cross-site')], '', user.tokens.accessToken), 403, 'cross-site-request');
    assertProblem(await send(server, target, [site('cross-site')]), 403, 'cross-site-request');
  }
});

test('reading needs neither header, so that a link to the API works', async () => {
  for (const lines of [[], [site('none')], [site('cross-site')]]) {
    assert.equal((await send(server, ['GET', '/api/v1/me'], lines, '', user.tokens.accessToken)).status, 200);
  }
});

test('a form cannot change anything, even if it claims to come from the own origin: bodies are JSON only', async () => {
  for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain']) {
    const lines = [site('same-origin'), `Content-Type: ${type}`, 'Content-Length: 15'];
    const head = [
      'PATCH /api/v1/me HTTP/1.1',
      'Host: 127.0.0.1',
      ...lines,
      `Cookie: ${cookieOf(user.tokens.accessToken)}`,
      'Connection: close',
    ];
    const answer = parseAnswer(await server.sendBytes(`${head.join('\r\n')}\r\n\r\ndisplayName=Eve`));
    assertProblem(answer, 415, 'unsupported-media-type');
  }
});

test('only listed origins may read responses with credentials, and the own origin is not reported as foreign', async () => {
  const before = server.logs.length;
  const own = await login(server, user, { Origin: OWN });
  assert.equal(own.status, 200);
  assert.equal(own.headers.get('access-control-allow-credentials'), null);
  assert.ok(!server.logs.slice(before).some(({ event }) => event === 'malicious_cors'));
  const listed = await server.request('GET', '/api/v1/me', { token: user.tokens.accessToken, headers: { Origin: LISTED } });
  assert.equal(listed.headers.get('access-control-allow-credentials'), 'true');
  assert.equal(listed.headers.get('access-control-allow-origin'), LISTED);
  const foreign = await server.request('GET', '/api/v1/me', { token: user.tokens.accessToken, headers: { Origin: ATTACKER } });
  assert.equal(foreign.headers.get('access-control-allow-credentials'), null);
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
});
