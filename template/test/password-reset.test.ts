import assert from 'node:assert/strict';
import test from 'node:test';
import bcrypt from 'bcrypt';
import {
  assertSignedOut,
  BEHIND_PROXY,
  createUnverified,
  createUser,
  freshEmail,
  fromAddress,
  login,
  mailsSettled,
  mailTo,
  me,
  signIn,
  tokenIn,
  type Tokens,
} from './support/accounts.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const MINUTE_MS = 60_000;
const NEW_PASSWORD = 'seventeen kites over harbour';

const forgot = (server: TestServer, email: string, headers: Record<string, string> = {}) =>
  server.request('POST', '/api/v1/auth/password/forgot', { body: { email }, headers });

const reset = (server: TestServer, token: string, password = NEW_PASSWORD, headers: Readonly<Record<string, string>> = {}) =>
  server.request('POST', '/api/v1/auth/password/reset', { body: { token, password }, headers });

const change = (server: TestServer, { accessToken }: Tokens, currentPassword: string, newPassword = NEW_PASSWORD) =>
  server.request('POST', '/api/v1/auth/password/change', { token: accessToken, body: { currentPassword, newPassword } });

/** The token in the nth mail to the address. */
async function resetToken(server: TestServer, email: string, nth = 1): Promise<string> {
  // Another mail to the same mailbox is sent only after a pause.
  if (nth > 1) server.clock.advance(5 * MINUTE_MS);
  assert.equal((await forgot(server, email)).status, 202);
  return tokenIn(await mailTo(server, email, nth));
}

test('a reset request gets the same 202 for existing, unknown and disabled accounts', async (t) => {
  const server = await startServer(t);
  const [user, disabled] = [await createUser(server), await createUser(server)];
  await server.services.database.updateTable('users').set({ disabled_at: 1 }).where('id', '=', disabled.id).execute();
  const answers = [];
  for (const email of [user.email, freshEmail(), disabled.email, user.email.toUpperCase()]) {
    answers.push(await forgot(server, email));
  }
  assert.equal(answers[0]?.status, 202);
  assertSameAnswers(answers);
});

test('a reset request writes one row for every address and mails only an active account', async (t) => {
  const server = await startServer(t);
  const [user, disabled, unverified] = [await createUser(server), await createUser(server), freshEmail()];
  await createUnverified(server, { email: unverified, password: NEW_PASSWORD });
  const { database } = server.services;
  await database.updateTable('users').set({ disabled_at: 1 }).where('id', '=', disabled.id).execute();
  const emails = [user.email, freshEmail(), disabled.email, unverified];
  for (const email of emails) await forgot(server, email);
  await mailsSettled(server);
  const rows = await database.selectFrom('one_time_tokens').select('email').where('purpose', '=', 'reset-password').execute();
  assert.deepEqual(rows.map(({ email }) => email).sort(), emails.toSorted());
  const mailed = server.mails.filter(({ to }) => emails.includes(to)).map(({ to }) => to);
  assert.deepEqual(mailed, [user.email]);
});

test('a reset ends every session and returns no token', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const stolen = await signIn(server, user);
  const answer = await reset(server, await resetToken(server, user.email));
  assert.equal(answer.status, 204);
  assert.equal(answer.text, '');
  await assertSignedOut(server, user.tokens, stolen);
  assertProblem(await login(server, user), 401, 'invalid-credentials');
  assert.equal((await login(server, { email: user.email, password: NEW_PASSWORD })).status, 200);
});

test('of twenty parallel uses of a reset token one gets 204 and the others get 400', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  const token = await resetToken(server, user.email);
  const passwords = Array.from({ length: 20 }, (_, index) => `${NEW_PASSWORD} ${index}`);
  const answers = await Promise.all(passwords.map((password, index) => reset(server, token, password, fromAddress(index))));
  assert.equal(answers.filter(({ status }) => status === 204).length, 1);
  assert.equal(answers.filter(({ status }) => status === 400).length, 19);
  const winner = passwords[answers.findIndex(({ status }) => status === 204)] ?? '';
  assert.equal((await login(server, { email: user.email, password: winner })).status, 200);
  assert.equal((await reset(server, token)).status, 400);
});

test('a reset token gets 400 after sixteen minutes', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const token = await resetToken(server, user.email);
  server.clock.advance(16 * MINUTE_MS);
  assert.equal((await reset(server, token)).status, 400);
  assert.equal((await login(server, user)).status, 200);
});

test('the token of an older reset mail gets 400 after a newer one was used', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const older = await resetToken(server, user.email, 1);
  const newer = await resetToken(server, user.email, 2);
  assert.equal((await reset(server, newer)).status, 204);
  assert.equal((await reset(server, older, `${NEW_PASSWORD} 2`)).status, 400);
});

test('a reset token that was mailed before a password change gets 400', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const token = await resetToken(server, user.email);
  assert.equal((await change(server, user.tokens, user.password)).status, 204);
  assert.equal((await reset(server, token, `${NEW_PASSWORD} 2`)).status, 400);
});

test('a reset of a disabled account gets 400 and does not change the password', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const token = await resetToken(server, user.email);
  const setDisabled = (disabled_at: number | null) =>
    server.services.database.updateTable('users').set({ disabled_at }).where('id', '=', user.id).execute();
  await setDisabled(1);
  assertProblem(await reset(server, token), 400, 'invalid-token');
  await setDisabled(null);
  assert.equal((await login(server, { email: user.email, password: NEW_PASSWORD })).status, 401);
  assert.equal((await login(server, user)).status, 200);
});

test('the link in a mail has the host of PUBLIC_URL, whatever host headers were sent', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const forged = {
    'X-Forwarded-Host': 'evil.example.com',
    Forwarded: 'host=evil.example.com',
    Origin: 'https://evil.example.com',
    Referer: 'https://evil.example.com/',
  };
  await forgot(server, user.email, forged);
  const spoofed = `POST /api/v1/auth/password/forgot HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  const body = JSON.stringify({ email: user.email });
  const received = await server.sendBytes(`${spoofed}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  assert.match(received, /^HTTP\/1\.1 421 /);
  await mailsSettled(server);
  const mail = await mailTo(server, user.email);
  const { publicUrl } = server.services.config;
  for (const { text } of server.mails) assert.doesNotMatch(text, /evil/);
  const link = new URL(/https?:\/\/\S+/.exec(mail.text)?.[0] ?? '');
  assert.equal(link.origin, publicUrl);
});

test('the token in a mail is in the fragment of the link and in no log line', async (t) => {
  const server = await startServer(t, { LOG_LEVEL: 'debug' });
  const user = await createUser(server);
  const token = await resetToken(server, user.email);
  const mail = await mailTo(server, user.email);
  const link = new URL(/https?:\/\/\S+/.exec(mail.text)?.[0] ?? '');
  assert.ok(link.hash.includes(token));
  assert.equal(link.search, '');
  await reset(server, token);
  assert.ok(!JSON.stringify(server.logs).includes(token));
});

test('a stolen database holds only hashes of reset tokens, and a hash gets 400', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const token = await resetToken(server, user.email);
  const rows = await server.services.database.selectFrom('one_time_tokens').selectAll().execute();
  assert.ok(!JSON.stringify(rows).includes(token));
  for (const { token_hash: stored } of rows) assert.equal((await reset(server, stored)).status, 400);
});

test('an easily guessed password gets 400 at the reset, and the token still works', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const token = await resetToken(server, user.email);
  assertProblem(await reset(server, token, 'passwordpassword'), 400, 'password-compromised');
  assert.equal((await reset(server, token, 'short')).status, 400);
  assert.equal((await reset(server, token)).status, 204);
});

test('an invented reset token gets 400, and no password is hashed', async (t) => {
  const server = await startServer(t);
  const hash = t.mock.method(bcrypt, 'hash');
  for (let guess = 0; guess < 5; guess += 1) assert.equal((await reset(server, String(guess).repeat(43))).status, 400);
  assert.equal(hash.mock.callCount(), 0);
});

test('a password change gets 400 without the current password and 401 with a wrong one', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const missing = await server.request('POST', '/api/v1/auth/password/change', {
    token: user.tokens.accessToken,
    body: { newPassword: NEW_PASSWORD },
  });
  assertProblem(missing, 400, 'invalid-request');
  assert.equal((await change(server, user.tokens, `${user.password}?`)).status, 401);
  assert.equal((await me(server, user.tokens)).status, 200);
  assert.equal((await login(server, user)).status, 200);
});

test('a password change ends all other sessions and sends the owner a mail', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const stolen = await signIn(server, user);
  assert.equal((await change(server, user.tokens, user.password)).status, 204);
  await assertSignedOut(server, stolen);
  assert.equal((await me(server, user.tokens)).status, 200);
  assert.equal((await login(server, user)).status, 401);
  assert.equal((await login(server, { ...user, password: NEW_PASSWORD })).status, 200);
  await mailsSettled(server);
  const mails = server.mails.filter(({ to }) => to === user.email);
  assert.deepEqual(
    mails.map(({ subject }) => /password/i.test(subject)),
    [true],
  );
  for (const mail of mails) assert.throws(() => tokenIn(mail));
});

test('of eight parallel password changes one gets 204, and its password works', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const passwords = Array.from({ length: 8 }, (_, index) => `${NEW_PASSWORD} ${index}`);
  const answers = await Promise.all(passwords.map((password) => change(server, user.tokens, user.password, password)));
  assert.equal(answers.filter(({ status }) => status === 204).length, 1, answers.map(({ status }) => status).join());
  const winner = passwords[answers.findIndex(({ status }) => status === 204)] ?? '';
  assert.equal((await login(server, { email: user.email, password: winner })).status, 200);
});
