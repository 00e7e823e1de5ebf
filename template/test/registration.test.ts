import assert from 'node:assert/strict';
import test from 'node:test';
import bcrypt from 'bcrypt';
import {
  BEHIND_PROXY,
  createUnverified,
  createUser,
  enrol,
  freshEmail,
  fromAddress,
  login,
  mailsSettled,
  mailTo,
  me,
  PASSWORD,
  register,
  signIn,
  tokenIn,
  verifyEmail,
} from './support/accounts.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const users = (server: TestServer) => server.services.database.selectFrom('users').selectAll().execute();

/** The token in the nth registration mail to the address. */
async function registrationToken(server: TestServer, email: string, nth = 1): Promise<string> {
  // Another mail to the same mailbox is sent only after a pause.
  if (nth > 1) server.clock.advance(5 * MINUTE_MS);
  assert.equal((await register(server, email)).status, 202);
  return tokenIn(await mailTo(server, email, nth));
}

test('registering a taken address gets the same 202 as registering a new one', async (t) => {
  const server = await startServer(t);
  const { email } = await createUser(server);
  const answers = [await register(server, freshEmail()), await register(server, email), await register(server, email.toUpperCase())];
  assert.equal(answers[0]?.status, 202);
  assert.deepEqual(answers[0].body, { status: 'check-your-email' });
  assertSameAnswers(answers);
});

test('a registration writes one row and computes no hash, whether or not the address is taken', async (t) => {
  const server = await startServer(t);
  const [{ email: taken }, disabled, unverified] = [await createUser(server), await createUser(server), freshEmail()];
  await createUnverified(server, { email: unverified, password: PASSWORD });
  const { database } = server.services;
  await database.updateTable('users').set({ disabled_at: 1 }).where('id', '=', disabled.id).execute();
  const hashing = [t.mock.method(bcrypt, 'hash'), t.mock.method(bcrypt, 'compare')];
  const emails = [freshEmail(), taken, disabled.email, unverified];
  for (const email of emails) await register(server, email);
  await mailsSettled(server);
  const rows = await database.selectFrom('one_time_tokens').select('email').where('email', 'in', emails).execute();
  assert.deepEqual(rows.map(({ email }) => email).sort(), emails.toSorted());
  assert.deepEqual(
    hashing.map((method) => method.mock.callCount()),
    [0, 0],
  );
});

test('registering a taken address changes no account and mails no token', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const before = await users(server);
  await register(server, user.email);
  const warning = await mailTo(server, user.email);
  assert.throws(() => tokenIn(warning));
  assert.match(warning.text, /You have one already/);
  assert.deepEqual(await users(server), before);
  assert.equal((await login(server, user)).status, 200);
});

test('a registration stores no account until the mailed token is used', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const token = await registrationToken(server, email);
  assert.deepEqual(await users(server), []);
  assert.equal((await verifyEmail(server, token)).status, 204);
  assert.deepEqual(
    (await users(server)).map((user) => [user.email, user.role]),
    [[email, 'user']],
  );
});

test('a registration with a password, as an older client sends it, gets 400', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const answer = await server.request('POST', '/api/v1/auth/register', { body: { email, password: PASSWORD } });
  const problem = assertProblem(answer, 400, 'invalid-request', [PASSWORD]);
  assert.deepEqual(problem.errors, [{ path: 'body', rule: 'unknown-field' }]);
  const verify = await server.request('POST', '/api/v1/auth/verify-email', { body: { token: await registrationToken(server, email) } });
  assert.deepEqual(
    assertProblem(verify, 400, 'invalid-request').errors?.map(({ path }) => path),
    ['body.password'],
  );
});

test('the token and the password of the owner work after a stranger registered the same address', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const first = await registrationToken(server, email);
  await registrationToken(server, email, 2);
  assert.equal((await verifyEmail(server, first)).status, 204);
  assert.equal((await login(server, { email, password: PASSWORD })).status, 200);
});

test('verifying an address replaces a password that version 0.1 stored at registration', async (t) => {
  const server = await startServer(t);
  const [email, planted] = [freshEmail(), `${PASSWORD} planted`];
  await createUnverified(server, { email, password: planted });
  assert.equal((await verifyEmail(server, await registrationToken(server, email))).status, 204);
  assertProblem(await login(server, { email, password: planted }), 401, 'invalid-credentials');
  assert.equal((await login(server, { email, password: PASSWORD })).status, 200);
  assert.equal((await users(server)).length, 1);
});

test('twenty registrations of one address at once send one mail', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const answers = await Promise.all(Array.from({ length: 20 }, () => register(server, email)));
  assertSameAnswers(answers);
  await mailsSettled(server);
  assert.equal(server.mails.filter(({ to }) => to === email).length, 1);
});

test('an address in upper case belongs to the same account', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const variants = [email.toUpperCase(), email.replace('@example.com', '@EXAMPLE.com')];
  const token = await registrationToken(server, email);
  assert.equal((await verifyEmail(server, token)).status, 204);
  for (const variant of variants) assert.equal((await login(server, { email: variant, password: PASSWORD })).status, 200);
  for (const [index, variant] of variants.entries()) {
    server.clock.advance(DAY_MS);
    await register(server, variant);
    assert.match((await mailTo(server, email, index + 2)).text, /You have one already/);
  }
  assert.equal((await users(server)).length, 1);
});

test('an address of 254 characters can register and sign in', async (t) => {
  const server = await startServer(t);
  // RFC 5321 and RFC 1035: 64 characters, then names of 63.
  const email = `${'x'.repeat(64)}@${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(57)}.com`;
  assert.equal(email.length, 254);
  await enrol(server, { email, password: PASSWORD });
  const { displayName } = (await me(server, await signIn(server, { email, password: PASSWORD }))).body as { displayName: string };
  assert.ok(displayName.length <= 100, 'a name is longer than its column');
});

test('an address with a part that is too long for mail servers gets 400', async (t) => {
  const server = await startServer(t);
  for (const email of [`${'x'.repeat(65)}@example.com`, `x@${'a'.repeat(64)}.example.com`]) {
    assertProblem(await register(server, email), 400, 'invalid-request');
  }
});

test('a login with an unverified address gets the same 401 as one with an unknown address', async (t) => {
  const server = await startServer(t);
  const credentials = { email: freshEmail(), password: PASSWORD };
  await createUnverified(server, credentials);
  const unproven = await login(server, credentials);
  assertProblem(unproven, 401, 'invalid-credentials');
  assertSameAnswers([unproven, await login(server, { email: freshEmail(), password: PASSWORD })]);
});

test('a GET request to verify-email gets 405 and does not use the token', async (t) => {
  const server = await startServer(t);
  const token = await registrationToken(server, freshEmail());
  const query = new URLSearchParams({ token, password: PASSWORD }).toString();
  for (const path of [`/api/v1/auth/verify-email?${query}`, `/api/v1/auth/verify-email?token=${token}`, '/api/v1/auth/verify-email']) {
    assert.equal((await server.request('GET', path)).status, 405);
  }
  assert.deepEqual(await users(server), []);
  assert.equal((await verifyEmail(server, token)).status, 204);
});

test('a mailed token still works after a password was refused', async (t) => {
  const server = await startServer(t);
  const token = await registrationToken(server, freshEmail());
  assertProblem(await verifyEmail(server, token, 'passwordpassword'), 400, 'password-compromised');
  assertProblem(await verifyEmail(server, token, 'short'), 400, 'invalid-request');
  assert.equal((await verifyEmail(server, token)).status, 204);
});

test('an invented verification token gets 400, and no password is hashed', async (t) => {
  const server = await startServer(t);
  const hash = t.mock.method(bcrypt, 'hash');
  for (let guess = 0; guess < 5; guess += 1) assertProblem(await verifyEmail(server, String(guess).repeat(43)), 400, 'invalid-token');
  assert.equal(hash.mock.callCount(), 0);
});

test('of twenty parallel uses of a verification token one gets 204 and the others get 400', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const email = freshEmail();
  const token = await registrationToken(server, email);
  const passwords = Array.from({ length: 20 }, (_, index) => `${PASSWORD} ${index}`);
  const statuses = (await Promise.all(passwords.map((password, index) => verifyEmail(server, token, password, fromAddress(index))))).map(
    ({ status }) => status,
  );
  assert.deepEqual(statuses.toSorted(), [204, ...Array.from({ length: 19 }, () => 400)]);
  for (const [index, password] of passwords.entries()) {
    assert.equal((await login(server, { email, password })).status, statuses[index] === 204 ? 200 : 401);
  }
});

test('of two mailed tokens used at once one gets 204, and afterwards both get 400', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const tokens = [await registrationToken(server, email, 1), await registrationToken(server, email, 2)];
  const passwords = tokens.map((_, index) => `${PASSWORD} ${index}`);
  const statuses = (await Promise.all(tokens.map((token, index) => verifyEmail(server, token, passwords[index])))).map(
    ({ status }) => status,
  );
  assert.deepEqual(statuses.toSorted(), [204, 400]);
  const winner = statuses.indexOf(204);
  for (const token of tokens) assert.equal((await verifyEmail(server, token, `${PASSWORD} later`)).status, 400);
  assert.equal((await login(server, { email, password: passwords[winner] ?? '' })).status, 200);
});

test('a verification token gets 400 after a day and creates no account', async (t) => {
  const server = await startServer(t);
  const token = await registrationToken(server, freshEmail());
  server.clock.advance(DAY_MS + 1000);
  assert.equal((await verifyEmail(server, token)).status, 400);
  assert.deepEqual(await users(server), []);
});

test('a verification token gets 400 when the address has an account by then', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const token = await registrationToken(server, email);
  const user = await createUser(server, { email, password: `${PASSWORD} of the account` });
  assertProblem(await verifyEmail(server, token), 400, 'invalid-token');
  assert.equal((await login(server, user)).status, 200);
});

test('a verification token gets 400 when its account was disabled or deleted meanwhile', async (t) => {
  const server = await startServer(t);
  const [disabled, deleted] = [freshEmail(), freshEmail()];
  const tokens: string[] = [];
  for (const email of [disabled, deleted]) {
    await createUnverified(server, { email, password: PASSWORD });
    tokens.push(await registrationToken(server, email));
  }
  await server.services.database.updateTable('users').set({ disabled_at: 1 }).where('email', '=', disabled).execute();
  await server.services.database.deleteFrom('users').where('email', '=', deleted).execute();
  const before = await users(server);
  for (const token of tokens) assertProblem(await verifyEmail(server, token), 400, 'invalid-token');
  assert.deepEqual(await users(server), before);
});

test('a verification token gets 400 at the reset, and a reset token gets 400 at the verification', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const token = await registrationToken(server, email);
  const reset = (value: string) =>
    server.request('POST', '/api/v1/auth/password/reset', { body: { token: value, password: `${PASSWORD} 2` } });
  assert.equal((await reset(token)).status, 400);
  assert.equal((await verifyEmail(server, token)).status, 204);
  await server.request('POST', '/api/v1/auth/password/forgot', { body: { email } });
  const resetToken = tokenIn(await mailTo(server, email, 2));
  assert.equal((await verifyEmail(server, resetToken)).status, 400);
  assert.equal((await reset(resetToken)).status, 204);
});

test('a stolen database holds only hashes of verification tokens', async (t) => {
  const server = await startServer(t);
  const token = await registrationToken(server, freshEmail());
  const rows = await server.services.database.selectFrom('one_time_tokens').selectAll().execute();
  assert.equal(rows.length, 1);
  assert.match(rows[0]?.token_hash ?? '', /^[0-9a-f]{64}$/);
  assert.doesNotMatch(JSON.stringify(rows), new RegExp(token));
});
