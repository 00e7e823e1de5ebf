import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { createUser, login, me, signIn, type Account } from './support/accounts.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type Ending, type TestServer } from './support/server.ts';

const MINUTE = 60;

interface Victim {
  readonly server: TestServer;
  readonly user: Account;
  readonly claims: JWTPayload;
  readonly header: JWTHeaderParameters;
}

const decoded = (part = ''): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());

async function victim(t: Ending): Promise<Victim> {
  const server = await startServer(t);
  const user = await createUser(server);
  const [header, claims] = user.tokens.accessToken.split('.');
  return { server, user, claims: decoded(claims) as JWTPayload, header: decoded(header) as JWTHeaderParameters };
}

/** Signs a token as the server does, with the changes of the attack. */
function forge({ server, claims, header }: Victim, changed: { claims?: JWTPayload; header?: object; key?: Uint8Array }): Promise<string> {
  return new SignJWT({ ...claims, ...changed.claims })
    .setProtectedHeader({ ...header, ...changed.header })
    .sign(changed.key ?? server.services.config.jwtSecret);
}

const without = (name: string) => (target: Victim) => forge(target, { claims: { [name]: undefined } });
const withClaims = (claims: JWTPayload) => (target: Victim) => forge(target, { claims });
const withHeader = (header: object) => (target: Victim) => forge(target, { header });
const seconds = (target: Victim, offset: number): number => Math.floor(target.server.clock.now() / 1000) + offset;

/** The token with one bit of a part changed. */
function bitFlip(token: string, part: 0 | 1 | 2): string {
  const parts = token.split('.');
  const bytes = Buffer.from(parts[part] ?? '', 'base64url');
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 1, bytes.length - 2);
  return parts.with(part, bytes.toString('base64url')).join('.');
}

async function embeddedKey(target: Victim): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return new SignJWT(target.claims)
    .setProtectedHeader({ ...target.header, alg: 'ES256', jwk: await exportJWK(publicKey) })
    .sign(privateKey);
}

function otherAlgorithm(target: Victim): Promise<string> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return new SignJWT(target.claims)
    .setProtectedHeader({ ...target.header, alg: 'RS256' })
    .sign(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })));
}

async function ofAnotherUser(target: Victim): Promise<string> {
  const other = await createUser(target.server);
  return forge(target, { claims: { sub: other.id } });
}

const FORGERIES: Readonly<Record<string, (target: Victim) => string | Promise<string>>> = {
  'a token without a signature': ({ claims }) => new UnsecuredJWT(claims).encode(),
  'a token without a signature that names the right type': ({ user }) =>
    [Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url'), user.tokens.accessToken.split('.')[1], ''].join('.'),
  'a token whose signature was cut off': ({ user }) => user.tokens.accessToken.replace(/[^.]*$/, ''),
  'a token signed with another key': (target) => forge(target, { key: Buffer.alloc(32, 'another key') }),
  'a token signed with an empty key': (target) => forge(target, { key: Buffer.alloc(32) }),
  'a token signed with the right key and another algorithm': (target) =>
    forge(target, {
      header: { alg: 'HS512' },
      key: Buffer.concat([target.server.services.config.jwtSecret, Buffer.alloc(64)]).subarray(0, 64),
    }),
  'a token signed with a key pair of the attacker': otherAlgorithm,
  'a token that contains its own key': embeddedKey,
  'a token of another issuer': withClaims({ iss: 'https://issuer.example.com' }),
  'a token for another audience': withClaims({ aud: 'another-api' }),
  'a token of another type': withHeader({ typ: 'JWT' }),
  'a token without a type': withHeader({ typ: undefined }),
  'a token without an issuer': without('iss'),
  'a token without an audience': without('aud'),
  'a token without an expiry': without('exp'),
  'a token without a time of issue': without('iat'),
  'a token without an id': without('jti'),
  'a token without a subject': without('sub'),
  'a token without a session': without('sid'),
  'a token that has expired': (target) =>
    forge(target, { claims: { iat: seconds(target, -20 * MINUTE), exp: seconds(target, -10 * MINUTE) } }),
  'a token that expires in a year': (target) =>
    forge(target, { claims: { iat: seconds(target, -60 * MINUTE), exp: seconds(target, 365 * 24 * 60 * MINUTE) } }),
  'a token that is not valid yet': (target) => forge(target, { claims: { nbf: seconds(target, 5 * MINUTE) } }),
  'a token issued in the future': (target) =>
    forge(target, { claims: { iat: seconds(target, 5 * MINUTE), exp: seconds(target, 15 * MINUTE) } }),
  'a token with the session of another user': ofAnotherUser,
  'a token of an unknown session': withClaims({ sid: randomUUID() }),
  'a token whose subject is not an id': withClaims({ sub: "' or '1'='1" }),
  'a token whose session is an object': withClaims({ sid: { $ne: null } }),
  'a token whose session is a list': (target) => forge(target, { claims: { sid: [target.claims['sid']] } }),
  'a token with an unknown critical extension': async (target) => {
    const [header, ...rest] = (await forge(target, {})).split('.');
    return [Buffer.from(JSON.stringify({ ...(decoded(header) as object), crit: ['b64'], b64: true })).toString('base64url'), ...rest].join(
      '.',
    );
  },
  'a token with one bit of its header flipped': ({ user }) => bitFlip(user.tokens.accessToken, 0),
  'a token with one bit of its claims flipped': ({ user }) => bitFlip(user.tokens.accessToken, 1),
  'a token with one bit of its signature flipped': ({ user }) => bitFlip(user.tokens.accessToken, 2),
  'a token whose key id is a path': (target) => forge(target, { header: { kid: '../../../../dev/null' }, key: Buffer.alloc(32) }),
  'a refresh token in place of an access token': ({ user }) => user.tokens.refreshToken,
  'a token of two dots': () => '..',
  'a token with five parts': ({ user }) => `${user.tokens.accessToken}.e30.e30`,
  'a token of seven kilobytes that is signed with the right key': withClaims({ padding: 'x'.repeat(5000) }),
};

const shared = await victim({ after });
// The server caches this token as verified; the cache must not help a forged one.
assert.equal((await me(shared.server, shared.user.tokens)).status, 200);

for (const [attack, create] of Object.entries(FORGERIES)) {
  test(`${attack} gets 401`, async () => {
    const token = await create(shared);
    const before = shared.server.logs.length;
    const answer = await shared.server.request('GET', '/api/v1/me', { token });
    assertProblem(answer, 401, 'invalid-token');
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
    assert.ok(shared.server.logs.slice(before).some(({ event }) => event === 'authn_token_invalid'));
  });
}

test('a token with the right key and claims gets 200, so each forgery above fails for its own reason', async () => {
  const resigned = await forge(shared, { claims: { jti: randomUUID() } });
  assert.equal((await shared.server.request('GET', '/api/v1/me', { token: resigned })).status, 200);
});

test('every refused token gets the same response', async () => {
  const answers = [];
  for (const attack of [
    'a token that has expired',
    'a token signed with another key',
    'a token without an expiry',
    'a token of two dots',
  ] as const) {
    const token = (await FORGERIES[attack]?.(shared)) ?? '';
    answers.push(await shared.server.request('GET', '/api/v1/me', { token }));
  }
  assertSameAnswers(answers);
});

test('an access token contains ids but no personal data and expires after ten minutes', async (t) => {
  const { server, user, claims, header } = await victim(t);
  assert.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
  assert.deepEqual(header, { alg: 'HS256', typ: 'at+jwt' });
  assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), 10 * MINUTE);
  assert.equal(user.tokens.expiresIn, 10 * MINUTE);
  assert.equal(user.tokens.tokenType, 'Bearer');
  server.clock.advance(9 * MINUTE * 1000);
  assert.equal((await me(server, user.tokens)).status, 200);
  server.clock.advance(MINUTE * 1000 + 10_000);
  assertProblem(await me(server, user.tokens), 401, 'invalid-token');
});

test('a token in the query, the body, a cookie or another header gets 401', async (t) => {
  const { server, user } = await victim(t);
  const token = user.tokens.accessToken;
  for (const query of [`access_token=${token}`, `token=${token}`, `authorization=Bearer%20${token}`]) {
    assert.equal((await server.request('GET', `/api/v1/me?${query}`)).status, 401);
  }
  const inBody = await server.request('POST', '/api/v1/notes', { body: { title: 'x', body: 'y', access_token: token } });
  assert.equal(inBody.status, 401);
  for (const headers of [{ Cookie: `access_token=${token}` }, { 'X-Access-Token': token }, { 'Proxy-Authorization': `Bearer ${token}` }]) {
    assert.equal((await server.request('GET', '/api/v1/me', { headers })).status, 401);
  }
});

test('an Authorization header of another scheme gets 401', async (t) => {
  const { server, user } = await victim(t);
  const { accessToken } = user.tokens;
  const basic = Buffer.from(`${user.email}:${user.password}`).toString('base64');
  for (const authorization of [
    `Basic ${basic}`,
    accessToken,
    `Token ${accessToken}`,
    'Bearer',
    'Bearer undefined',
    `Bearer ${accessToken}, Bearer x`,
  ]) {
    const answer = await server.request('GET', '/api/v1/me', { headers: { Authorization: authorization } });
    assert.equal(answer.status, 401, authorization.slice(0, 20));
  }
});

test('two Authorization headers are refused, also when one of them is valid', async (t) => {
  const { server, user } = await victim(t);
  const right = `Authorization: Bearer ${user.tokens.accessToken}`;
  const wrong = 'Authorization: Bearer x.y.z';
  for (const lines of [
    [right, wrong],
    [wrong, right],
    [right, right],
  ]) {
    const host = new URL(server.url).host;
    const received = await server.sendBytes(
      ['GET /api/v1/me HTTP/1.1', `Host: ${host}`, ...lines, 'Connection: close', '', ''].join('\r\n'),
    );
    assert.match(received, /^HTTP\/1\.1 40[01] /);
  }
});

test('two logins never get the same token', async (t) => {
  const { server, user } = await victim(t);
  const all = [user.tokens, await signIn(server, user), await signIn(server, user)];
  const ids = all.map(({ accessToken }) => decoded(accessToken.split('.')[1]) as { jti: string; sid: string });
  assert.equal(new Set(ids.map(({ jti }) => jti)).size, 3);
  assert.equal(new Set(ids.map(({ sid }) => sid)).size, 3);
  assert.equal(new Set(all.map(({ refreshToken }) => refreshToken)).size, 3);
  assert.equal((await login(server, user)).status, 200);
});
