import assert from 'node:assert/strict';
import test from 'node:test';
import { COOKIE_NAME } from '../src/auth/session/cookie.ts';
import { createUser, login, me, signIn } from './support/accounts.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { assertProblem } from './support/problems.ts';
import { OWN_HEAD, parseAnswer } from './support/raw-http.ts';
import { startServer, type Answer, type TestServer } from './support/server.ts';
import { cookieOf, newTokenIn, OWN_PAGE } from './support/session.ts';

/** Sends `Cookie` headers as they are, byte for byte. */
async function meWithCookies(server: TestServer, ...cookies: readonly string[]) {
  const lines = cookies.map((cookie) => `Cookie: ${cookie}\r\n`).join('');
  return parseAnswer(
    await server.sendBytes(Buffer.from(`GET /api/v1/me HTTP/1.1\r\n${OWN_HEAD}\r\n${lines}Connection: close\r\n\r\n`, 'latin1')),
  );
}

test('the cookie has the prefix __Host- and is HttpOnly, Secure and SameSite=Strict, without Domain and Max-Age', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const cookies = (await login(server, user)).headers.getSetCookie();
  assert.equal(cookies.length, 1);
  const [pair = '', ...attributes] = (cookies[0] ?? '').split('; ');
  assert.match(pair, /^__Host-[a-z0-9-]+_sid=[\w-]{43}$/);
  assert.deepEqual(attributes.sort(), ['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure']);
});

test('each login sends another token', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const tokens = [user.tokens, await signIn(server, user), await signIn(server, user)].map(({ accessToken }) => accessToken);
  assert.equal(new Set(tokens).size, 3);
});

test('two cookies with the name of the session get 401, also when one of them is valid (cookie tossing)', async (t) => {
  const server = await startServer(t);
  const [ada, eve] = [await createUser(server), await createUser(server)];
  const [right, other] = [cookieOf(ada.tokens.accessToken), cookieOf(eve.tokens.accessToken)];
  for (const cookies of [[`${other}; ${right}`], [`${right}; ${other}`], [`${right};${right}`], [other, right], [right, cookieOf('')]]) {
    assertProblem(await meWithCookies(server, ...cookies), 401, 'invalid-token');
  }
  assert.equal((await meWithCookies(server, right)).status, 200);
  assert.equal((await meWithCookies(server, `theme=dark; ${right}; language=en`)).status, 200);
});

test('a cookie whose name only resembles that of the session is ignored (prefix bypass)', async (t) => {
  const server = await startServer(t);
  const [ada, eve] = [await createUser(server), await createUser(server)];
  const planted = cookieOf(eve.tokens.accessToken);
  const own = cookieOf(ada.tokens.accessToken);
  const similar = [
    `\u00a0${planted}`,
    `\u0085${planted}`,
    `${COOKIE_NAME}\u00a0=${eve.tokens.accessToken}`,
    `${COOKIE_NAME} =${eve.tokens.accessToken}`,
    planted.toUpperCase(),
    planted.replace('__Host-', ''),
    planted.replace('__Host-', '__Secure-'),
    planted.replace('__Host-', '__host-'),
    planted.replace('__Host-', '__%48ost-'),
    `$Version=1,${planted}`,
  ];
  for (const cookie of similar) {
    assertProblem(await meWithCookies(server, cookie), 401, 'unauthenticated');
    const both = await meWithCookies(server, `${cookie}; ${own}`);
    assert.equal(both.status, 200, cookie);
    assert.equal((JSON.parse(both.text) as { id: string }).id, ada.id, cookie);
  }
});

test('a malformed cookie gets 401', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const token = tokens.accessToken;
  const malformed = [
    `"${token}"`,
    '',
    token.slice(1),
    `${token}A`,
    `%22${token}`,
    token.replace(/.$/, '='),
    `${token}%00`,
    `${token},${token}`,
    "' or 1=1 --",
  ];
  for (const value of malformed) assertProblem(await meWithCookies(server, cookieOf(value)), 401, 'invalid-token');
});

test('a token in a header, the query or another cookie gets 401', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const token = tokens.accessToken;
  for (const headers of [{ Authorization: `Bearer ${token}` }, { 'X-Session': token }, { Cookie: `sid=${token}` }]) {
    assertProblem(await server.request('GET', '/api/v1/me', { headers }), 401, 'unauthenticated');
  }
  assert.equal((await server.request('GET', `/api/v1/me?${cookieOf(token)}`)).status, 401);
});

test('a 401 names a scheme in WWW-Authenticate for which browsers show no dialog', async (t) => {
  const server = await startServer(t);
  const answers: Answer[] = [await server.request('GET', '/api/v1/me'), await server.request('GET', '/api/v1/me', { token: 'x' })];
  for (const { headers, status } of answers) {
    assert.equal(status, 401);
    assert.equal(headers.get('www-authenticate'), 'Cookie');
  }
});

test('no body and no log line contains a token of a session', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const signedIn = await login(server, user);
  const first = newTokenIn(signedIn.headers) ?? '';
  const headers = { ...OWN_PAGE, Cookie: cookieOf(first) };
  const body = { currentPassword: user.password, newPassword: 'seventeen kites over harbour' };
  const changed = await server.request('POST', '/api/v1/auth/password/change', { headers, body });
  const second = newTokenIn(changed.headers) ?? '';
  const token = { token: second };
  const answers = [
    signedIn,
    changed,
    await me(server, { accessToken: second }),
    await server.request('GET', '/api/v1/me/sessions', token),
    await server.request('GET', '/nope', token),
    await server.request('GET', '/api/v1/users', token),
    await server.request('POST', '/api/v1/auth/logout', token),
  ];
  await server.services.database.destroy();
  answers.push(await server.request('GET', '/api/v1/me', token));
  const seen = JSON.stringify([server.logs, answers.map(({ text }) => text)]);
  for (const secret of [first, second]) {
    assert.match(secret, /^[\w-]{43}$/);
    assert.ok(!seen.includes(secret));
  }
});

test('the example page and its script are served in development, without inline script, and not in production', async (t) => {
  const server = await startServer(t);
  const [page, script] = [await server.request('GET', '/example'), await server.request('GET', '/example.js')];
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
  for (const { headers, status } of [page, script]) {
    assert.equal(status, 200);
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self'; /);
    assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe|\*/);
  }
  assert.doesNotMatch(page.text, /<script(?! src="\/example\.js" defer><\/script>)|<style| on\w+=|javascript:/i);
  assert.doesNotMatch(script.text, /innerHTML|document\.cookie|localStorage/);
  const { services } = server;
  const production = { services: { ...services, config: { ...services.config, environment: 'production' as const } } };
  const request = await startWithRoutes(t, production, []);
  for (const path of ['/example', '/example.js']) assertProblem(await request(path), 404, 'not-found');
});
