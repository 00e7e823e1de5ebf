import assert from 'node:assert/strict';
import crypto, { createHash, randomBytes } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import test from 'node:test';
import { redactFields } from '../src/observability/redaction.ts';
import { PROJECT_NAME } from '../src/project.ts';
import {
  BEHIND_PROXY,
  createAdmin,
  createUser,
  fromAddress,
  mailsSettled,
  mailTo,
  PASSWORD,
  signIn,
  tokenIn,
  type Account,
} from './support/accounts.ts';
import { createKey, endKey, requestKey, storedKeys, withKey } from './support/api-keys.ts';
import { eventually } from './support/eventually.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const DAY_MS = 86_400_000;

/** Three parts: the project, the id and the secret. */
function partsOf(key: string): { id: string; secret: string } {
  assert.match(key.slice(PROJECT_NAME.length), /^_[\w-]{8}_[\w-]{43}$/);
  return { id: key.slice(PROJECT_NAME.length + 1, -44), secret: key.slice(-43) };
}

const listed = async (server: TestServer, { tokens }: Account) =>
  server.request('GET', '/api/v1/me/api-keys', { token: tokens.accessToken });

const keyOf = (id: string, secret: string) => `${PROJECT_NAME}_${id}_${secret}`;

test('a key is in the response to its creation only: not in the list, the mail, the log or a later response', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { id, key } = await createKey(server, user);
  const { secret } = partsOf(key);
  assert.equal((await withKey(server, key)).status, 200);
  assertProblem(await withKey(server, key, 'GET /api/v1/me'), 403, 'forbidden');
  const list = await listed(server, user);
  const [item] = (list.body as { items: Record<string, unknown>[] }).items;
  assert.deepEqual(Object.keys(item ?? {}).sort(), ['createdAt', 'expiresAt', 'id', 'lastUsedAt', 'name', 'scopes']);
  assert.equal(item?.['id'], id);
  const mail = await mailTo(server, user.email);
  for (const text of [list.text, mail.text, JSON.stringify(server.logs)]) assert.ok(!text.includes(secret), text);
});

test('a stolen database contains only hashes of the secrets, and a hash sent as the secret gets 401', async (t) => {
  const server = await startServer(t);
  const { id, key } = await createKey(server, await createUser(server));
  const { secret } = partsOf(key);
  const rows = await server.services.database.selectFrom('api_keys').selectAll().execute();
  assert.ok(!JSON.stringify(rows).includes(secret));
  assert.equal(rows[0]?.secret_hash, createHash('sha256').update(secret).digest('hex'));
  for (const stolen of [rows[0].secret_hash, rows[0].secret_hash.slice(0, 43)])
    assertProblem(await withKey(server, keyOf(id, stolen)), 401, 'invalid-token');
});

test('a key with another secret, an unknown id, another project or another form gets 401', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const [one, two] = [await createKey(server, user), await createKey(server, user)];
  const { id, secret } = partsOf(one.key);
  const attacks = {
    'another secret': keyOf(id, randomBytes(32).toString('base64url')),
    'the secret of another key': keyOf(id, partsOf(two.key).secret),
    'an unknown id': keyOf('AAAAAAAA', secret),
    'no secret': keyOf(id, ''),
    'half a secret': keyOf(id, secret.slice(0, 20)),
    'a longer secret': keyOf(id, `${secret}A`),
    'a pattern for an id': keyOf('%%%%%%%%', secret),
    'only the prefix': `${PROJECT_NAME}_`,
    'two keys': `${one.key} ${two.key}`,
  };
  for (const [name, key] of Object.entries(attacks)) {
    const { status } = await withKey(server, key);
    assert.equal(status, 401, name);
  }
  for (const credentials of [`another-project_${id}_${secret}`, `Basic ${one.key}`, secret])
    assert.equal((await withKey(server, credentials)).status, 401, credentials);
  assert.equal((await fetch(`${server.url}/api/v1/notes?key=${one.key}`)).status, 401);
  assert.equal((await fetch(`${server.url}/api/v1/notes`, { headers: { 'X-Api-Key': one.key } })).status, 401);
  assert.equal((await withKey(server, one.key)).status, 200);
});

test('a key in one of two Authorization headers gets 400', async (t) => {
  const server = await startServer(t);
  const { key } = await createKey(server, await createUser(server));
  const start = 'GET /api/v1/notes HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n';
  const line = (credentials: string) => `Authorization: Bearer ${credentials}\r\n`;
  assert.match(await server.sendBytes(`${start}${line(key)}\r\n`), /^HTTP\/1\.1 200 /);
  for (const pair of [line(key) + line('other'), line('other') + line(key), line(key) + line(key)])
    assert.match(await server.sendBytes(`${start}${pair}\r\n`), /^HTTP\/1\.1 400 /);
});

test('secrets are compared in constant time, also for an unknown id', async (t) => {
  const server = await startServer(t);
  const { id, key } = await createKey(server, await createUser(server));
  const compare = t.mock.method(crypto, 'timingSafeEqual');
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const other = 'A'.repeat(43);
  for (const sent of [key, keyOf(id, other), keyOf('AAAAAAAA', other)]) {
    const before = compare.mock.callCount();
    await withKey(server, sent);
    const compared = compare.mock.calls.slice(before).filter(({ arguments: [left] }) => left.byteLength === 64);
    assert.equal(compared.length, 1, `${compared.length} comparisons of hashes`);
  }
});

test('an expired key gets 401', async (t) => {
  const server = await startServer(t);
  const { key } = await createKey(server, await createUser(server), { expiresInDays: 2 });
  server.clock.advance(2 * DAY_MS - 60_000);
  assert.equal((await withKey(server, key)).status, 200);
  server.clock.advance(61_000);
  assertProblem(await withKey(server, key), 401, 'invalid-token');
});

test('a key without an expiry or for more than a year gets 400', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  for (const expiresInDays of [undefined, null, 0, -1, 0.5, 366, 1e9, '30'])
    assertProblem(await requestKey(server, user, { expiresInDays }), 400, 'invalid-request');
  assert.deepEqual(await storedKeys(server, user), []);
  assert.equal((await requestKey(server, user, { expiresInDays: 365 })).status, 201);
});

test('a key that its owner ends gets 401 at once, and other users get 404 for it', async (t) => {
  const server = await startServer(t);
  const [user, other] = [await createUser(server), await createUser(server)];
  const [kept, { id, key }] = [await createKey(server, user), await createKey(server, user)];
  assertProblem(await endKey(server, other, id), 404, 'not-found');
  assert.deepEqual(((await listed(server, other)).body as { items: unknown[] }).items, []);
  assert.equal((await withKey(server, key)).status, 200);
  assert.equal((await endKey(server, user, id)).status, 204);
  assertProblem(await withKey(server, key), 401, 'invalid-token');
  assertProblem(await endKey(server, user, id), 404, 'not-found');
  assert.equal((await withKey(server, kept.key)).status, 200);
});

test('a stolen session cannot create a key without the password of the account', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  assertProblem(await requestKey(server, user, { password: `${PASSWORD}!` }), 401, 'invalid-credentials');
  assertProblem(await requestKey(server, user, { password: undefined }), 400, 'invalid-request');
  assert.deepEqual(await storedKeys(server, user), []);
});

test('guesses of the password at the creation of keys count as those at the password change: the right one gets 429', async (t) => {
  const server = await startServer(t, { LOGIN_LIMIT_MAX: '4' });
  const user = await createUser(server);
  const change = { currentPassword: 'not the password', newPassword: `${PASSWORD} 2` };
  for (let guess = 0; guess < 2; guess += 1) {
    assert.equal((await requestKey(server, user, { password: 'not the password' })).status, 401);
    const { status } = await server.request('POST', '/api/v1/auth/password/change', { token: user.tokens.accessToken, body: change });
    assert.equal(status, 401);
  }
  assertProblem(await requestKey(server, user), 429, 'too-many-requests');
  assert.deepEqual(await storedKeys(server, user), []);
});

test('no key is created when the password was changed or the account disabled while the password was checked', async (t) => {
  const server = await startServer(t);
  const { database, passwords } = server.services;
  const user = await createUser(server);
  for (const meanwhile of [{ password_hash: 'another' }, { disabled_at: 1 }]) {
    const verify = t.mock.method(passwords, 'verify', async () => {
      await database.updateTable('users').set(meanwhile).where('id', '=', user.id).execute();
      return true;
    });
    assertProblem(await requestKey(server, user), 401, 'invalid-credentials');
    verify.mock.restore();
  }
  assert.deepEqual(await storedKeys(server, user), []);
});

test('of ten parallel requests for the last five places of the quota five get 201, and ending a key makes room', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const [user, other] = [await createUser(server), await createUser(server)];
  const { id } = await createKey(server, user);
  const row = await server.services.database.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const copies = Array.from({ length: 14 }, (_, index) => ({ ...row, id: `copy-${index}` }));
  await server.services.database.insertInto('api_keys').values(copies).execute();
  const requests = Array.from({ length: 10 }, (_, index) => requestKey(server, user, {}, fromAddress(index)));
  const answers = await Promise.all(requests);
  assert.equal((await storedKeys(server, user)).length, 20);
  for (const refused of answers.filter(({ status }) => status !== 201)) assertProblem(refused, 409, 'too-many-api-keys');
  assert.equal((await requestKey(server, other)).status, 201);
  assert.equal((await endKey(server, user, id)).status, 204);
  assert.equal((await requestKey(server, user)).status, 201);
});

test('the owner gets a mail about each new key, without the key', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { key } = await createKey(server, user);
  await mailsSettled(server);
  const mails = server.mails.filter(({ to }) => to === user.email);
  assert.deepEqual(
    mails.map(({ subject }) => subject),
    [`${PROJECT_NAME}: an API key was created`],
  );
  assert.ok(!JSON.stringify(mails).includes(key));
});

test('a password reset by mail ends every key; a password change leaves them, and its mail says so', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { key } = await createKey(server, user);
  const [first, second] = [`${PASSWORD} 2`, `${PASSWORD} 3`];
  const change = { currentPassword: PASSWORD, newPassword: first };
  const answer = await server.request('POST', '/api/v1/auth/password/change', { token: user.tokens.accessToken, body: change });
  assert.equal(answer.status, 204);
  assert.equal((await withKey(server, key)).status, 200);
  const mail = await eventually('the mail', () => server.mails.find(({ subject }) => subject.includes('password was changed')));
  assert.match(mail.text, /API keys/);
  assert.equal((await server.request('POST', '/api/v1/auth/password/forgot', { body: { email: user.email } })).status, 202);
  const reset = await eventually('the token', () => server.mails.find(({ text }) => text.includes('#token=')));
  const body = { token: tokenIn(reset), password: second };
  assert.equal((await server.request('POST', '/api/v1/auth/password/reset', { body })).status, 204);
  assertProblem(await withKey(server, key), 401, 'invalid-token');
  assert.deepEqual(await storedKeys(server, user), []);
});

test('keys of an account that an administrator disables stay ended when it is enabled again', async (t) => {
  const server = await startServer(t);
  const [admin, user] = [await createAdmin(server), await createUser(server)];
  const { key } = await createKey(server, user);
  for (const disabled of [true, false]) {
    const change = { token: admin.tokens.accessToken, body: { disabled } };
    assert.equal((await server.request('PATCH', `/api/v1/users/${user.id}`, change)).status, 200);
    assertProblem(await withKey(server, key), 401, 'invalid-token');
  }
});

test('deleting the account deletes its keys, and they get 401', async (t) => {
  const server = await startServer(t);
  const [user, other] = [await createUser(server), await createUser(server)];
  const [{ key }, kept] = [await createKey(server, user), await createKey(server, other)];
  assert.equal((await server.request('DELETE', '/api/v1/me', { token: user.tokens.accessToken })).status, 204);
  assertProblem(await withKey(server, key), 401, 'invalid-token');
  assert.deepEqual(await storedKeys(server, user), []);
  assert.equal((await withKey(server, kept.key)).status, 200);
});

test('the upkeep removes expired keys and no others', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  await createKey(server, user, { expiresInDays: 1 });
  const { id } = await createKey(server, user, { expiresInDays: 3 });
  server.clock.advance(2 * DAY_MS);
  await server.upkeep();
  assert.deepEqual(await storedKeys(server, user), [id]);
});

test('the list shows the last use, which is written at most once an hour', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { id, key } = await createKey(server, user);
  const { database } = server.services;
  const lastUse = async () =>
    (await database.selectFrom('api_keys').select('last_used_at').where('id', '=', id).executeTakeFirstOrThrow()).last_used_at;
  assert.equal(await lastUse(), null);
  await Promise.all([withKey(server, key), withKey(server, key)]);
  const first = await eventually('the first use', async () => (await lastUse()) ?? undefined);
  server.clock.advance(3_000_000);
  await withKey(server, key);
  server.clock.advance(700_000);
  await withKey(server, key);
  const second = await eventually('the use after an hour', async () => {
    const time = await lastUse();
    return time !== null && time > first ? time : undefined;
  });
  assert.ok(second - first >= 3_600_000, `written after ${second - first} ms`);
  const tokens = await signIn(server, user);
  assert.ok((await listed(server, { ...user, tokens })).text.includes(new Date(second).toISOString()));
});

test('creation, end and refusal of a key are logged with its id and without its secret', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { id, key } = await createKey(server, user);
  await endKey(server, user, id);
  await withKey(server, key);
  for (const name of ['authn_token_created', 'authn_token_revoked'])
    assert.equal(server.logs.find(({ event }) => event === name)?.['keyId'], id, name);
  assert.equal(server.logs.find(({ event }) => event === 'authn_token_invalid')?.level, 'warn');
  assert.ok(!JSON.stringify(server.logs).includes(partsOf(key).secret));
});

test('a key in a text that is logged loses its secret and keeps its id', () => {
  const [id, secret] = ['a-_b4567', randomBytes(32).toString('base64url')];
  const key = keyOf(id, secret);
  for (const text of [key, `url?key=${key}&a=1`, `Bearer ${key}`, `"${key}"`, `${key}${key}`]) {
    const line = JSON.stringify(redactFields({ note: text, error: new Error(text), list: [text] }));
    assert.ok(!line.includes(secret), line);
    assert.ok(line.includes(`${id}_[redacted]`), line);
  }
  assert.ok(!JSON.stringify(redactFields({ note: `session_${key}` })).includes(secret));
});

test('a field that is not declared, such as another owner or a secret, gets 400', async (t) => {
  const server = await startServer(t);
  const [user, other] = [await createUser(server), await createUser(server)];
  for (const [field, value] of Object.entries({
    userId: other.id,
    user_id: other.id,
    secret: 'A'.repeat(43),
    id: 'AAAAAAAA',
    expiresAt: 1,
  }))
    assertProblem(await requestKey(server, user, { [field]: value }), 400, 'invalid-request');
  for (const [field, value] of Object.entries({ name: '', scopes: [] }))
    assertProblem(await requestKey(server, user, { [field]: value }), 400, 'invalid-request');
});
