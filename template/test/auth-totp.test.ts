import assert from 'node:assert/strict';
import test from 'node:test';
import { createAdmin, createUser, login, PASSWORD, signIn, tokenIn, type Account } from './support/accounts.ts';
import { codeOf, enrolFactor, pendingTokenIn, requestFactor, sendCode, STEP_MS, wrongCode, type Enrolled } from './support/factors.ts';
import { eventually } from './support/eventually.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type Answer, type Mail, type TestServer } from './support/server.ts';
import { SIGN_IN, tokensOf, type Tokens } from './support/strategy.ts';

const MINUTE_MS = 60_000;

/** An account with a factor whose present code was not used yet. */
async function enrolled(server: TestServer): Promise<Enrolled> {
  const account = await enrolFactor(server, await createUser(server));
  server.clock.advance(3 * STEP_MS);
  return account;
}

const firstStep = async (server: TestServer, account: Account): Promise<string> => pendingTokenIn(await login(server, account));

const resetMail = (server: TestServer, { email }: Account): Promise<Mail> =>
  eventually('the mail with a token', () => server.mails.find((mail) => mail.to === email && mail.text.includes('#token=')));

const me = (server: TestServer, { accessToken }: Pick<Tokens, 'accessToken'>): Promise<Answer> =>
  server.request('GET', '/api/v1/me', { token: accessToken });

test('the right password alone opens no session: the response has a token for the second step and nothing else', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const sessions = () => server.services.database.selectFrom('sessions').select('id').where('user_id', '=', account.id).execute();
  const before = await sessions();
  const first = await login(server, account);
  assert.equal(first.status, 200);
  assert.deepEqual(Object.keys(first.body as object).sort(), ['expiresIn', 'pendingToken']);
  assert.deepEqual(first.headers.getSetCookie(), []);
  assert.deepEqual(await sessions(), before);
  const second = await sendCode(server, pendingTokenIn(first), codeOf(server, account.secret));
  assert.deepEqual(Object.keys(second.body as object).sort(), [...SIGN_IN.fields].sort());
  assert.equal((await me(server, tokensOf(second))).status, 200);
});

test('a wrong password gets the same response with and without a second factor', async (t) => {
  const server = await startServer(t);
  const [one, other] = [await enrolled(server), await createUser(server)];
  const answers = await Promise.all([one, other].map(({ email }) => login(server, { email, password: `${PASSWORD}!` })));
  const parts = answers.map(({ status, body }) => ({ status, ...(body as object), instance: '' }));
  assert.equal(parts[0]?.status, 401);
  assert.deepEqual(parts[0], parts[1]);
});

test('the token of the first step gets 401 on every other route, in each place where a token is sent', async (t) => {
  const server = await startServer(t);
  const token = await firstStep(server, await enrolled(server));
  for (const path of ['/api/v1/me', '/api/v1/me/sessions', '/api/v1/me/second-factor', '/api/v1/notes', '/api/v1/users']) {
    assert.equal((await server.request('GET', path, { token })).status, 401, path);
    assert.equal((await server.request('GET', path, { headers: { Authorization: `Bearer ${token}` } })).status, 401, path);
  }
  for (const path of ['', '/confirm', '/recovery-codes', '/removal']) {
    const body = { password: PASSWORD, code: '000000' };
    assert.equal((await server.request('POST', `/api/v1/me/second-factor${path}`, { token, body })).status, 401, path);
  }
  assert.equal((await server.request('POST', '/api/v1/auth/logout', { token })).status, 401);
});

test('codes of one step before and after are accepted, those of two steps are not', async (t) => {
  const server = await startServer(t);
  for (const [steps, status] of [
    [-2, 401],
    [-1, 200],
    [0, 200],
    [1, 200],
    [2, 401],
  ] as const) {
    const account = await enrolled(server);
    const answer = await sendCode(server, await firstStep(server, account), codeOf(server, account.secret, steps));
    assert.equal(answer.status, status, `${steps} steps: ${answer.text}`);
  }
});

test('a code works once: a second login with it, or with one of an earlier step, gets 401', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const [earlier, code] = [codeOf(server, account.secret, -1), codeOf(server, account.secret)];
  assert.equal((await sendCode(server, await firstStep(server, account), code)).status, 200);
  for (const used of [code, earlier]) assertProblem(await sendCode(server, await firstStep(server, account), used), 401, 'invalid-code');
  server.clock.advance(STEP_MS);
  assertProblem(await sendCode(server, await firstStep(server, account), code), 401, 'invalid-code');
  assert.equal((await sendCode(server, await firstStep(server, account), codeOf(server, account.secret))).status, 200);
});

test('the code of the enrolment does not sign in', async (t) => {
  const server = await startServer(t);
  const account = await enrolFactor(server, await createUser(server));
  assertProblem(await sendCode(server, await firstStep(server, account), codeOf(server, account.secret)), 401, 'invalid-code');
});

test('of ten parallel logins with one code one gets a session', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const tokens: string[] = [];
  for (let index = 0; index < 10; index += 1) tokens.push(await firstStep(server, account));
  const code = codeOf(server, account.secret);
  const answers = await Promise.all(tokens.map((token) => sendCode(server, token, code)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array.from({ length: 9 }, () => 401)]);
});

test('of a login and a removal with one code at the same moment one succeeds', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const token = await firstStep(server, account);
  const code = codeOf(server, account.secret);
  const answers = await Promise.all([
    sendCode(server, token, code),
    requestFactor(server, account, '/removal', { password: account.password, code }),
  ]);
  assert.equal(answers.filter(({ status }) => status < 300).length, 1, answers.map(({ text }) => text).join('\n'));
});

test('a recovery code signs in once, also when it is sent ten times at once, and in lower case', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const [first = '', second = ''] = account.recoveryCodes;
  const tokens: string[] = [];
  for (let index = 0; index < 10; index += 1) tokens.push(await firstStep(server, account));
  const answers = await Promise.all(tokens.map((token) => sendCode(server, token, first)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array.from({ length: 9 }, () => 401)]);
  const again = await sendCode(server, await firstStep(server, account), second.toLowerCase().replaceAll('-', ''));
  assert.equal(again.status, 200);
  const status = await server.request('GET', '/api/v1/me/second-factor', { token: account.tokens.accessToken });
  assert.equal((status.body as { recoveryCodesLeft: number }).recoveryCodesLeft, 8);
});

test('recovery codes of another user, and texts that are no code, get 401', async (t) => {
  const server = await startServer(t);
  const [one, other] = [await enrolled(server), await enrolled(server)];
  for (const code of [other.recoveryCodes[0] ?? '', '12345', '1234567', ' 123456', '１２３４５６', 'null', '0x1e24', '1e5'])
    assertProblem(await sendCode(server, await firstStep(server, one), code), 401, 'invalid-code');
});

test('a code of another user gets 401', async (t) => {
  const server = await startServer(t);
  const [one, other] = [await enrolled(server), await enrolled(server)];
  assertProblem(await sendCode(server, await firstStep(server, one), codeOf(server, other.secret)), 401, 'invalid-code');
});

test('the token of the first step has five tries, ends after five minutes, and works once', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const [worn, late, used] = [await firstStep(server, account), await firstStep(server, account), await firstStep(server, account)];
  for (let guess = 0; guess < 5; guess += 1)
    assertProblem(await sendCode(server, worn, wrongCode(server, account.secret)), 401, 'invalid-code');
  assertProblem(await sendCode(server, worn, codeOf(server, account.secret)), 401, 'invalid-token');
  assert.equal((await sendCode(server, used, codeOf(server, account.secret))).status, 200);
  server.clock.advance(STEP_MS);
  assertProblem(await sendCode(server, used, codeOf(server, account.secret)), 401, 'invalid-token');
  server.clock.advance(5 * MINUTE_MS);
  assertProblem(await sendCode(server, late, codeOf(server, account.secret)), 401, 'invalid-token');
});

test('parallel guesses with one token get five tries together', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const token = await firstStep(server, account);
  const answers = await Promise.all(Array.from({ length: 12 }, () => sendCode(server, token, wrongCode(server, account.secret))));
  assert.equal(answers.filter(({ text }) => text.includes('invalid-code')).length, 5);
});

test('a stolen database contains neither secrets nor tokens nor recovery codes', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const token = await firstStep(server, account);
  const { database } = server.services;
  const rows = JSON.stringify([
    await database.selectFrom('totp_factors').selectAll().execute(),
    await database.selectFrom('totp_pending').selectAll().execute(),
    await database.selectFrom('totp_recovery_codes').selectAll().execute(),
  ]);
  const letters = account.recoveryCodes.map((code) => code.replaceAll('-', ''));
  for (const text of [account.secret, token, ...account.recoveryCodes, ...letters]) assert.ok(!rows.includes(text), text);
  const log = JSON.stringify(server.logs);
  for (const text of [account.secret, token, ...account.recoveryCodes]) assert.ok(!log.includes(text), text);
});

test('a secret that is copied to the row of another user signs nobody in', async (t) => {
  const server = await startServer(t);
  const [attacker, victim] = [await enrolled(server), await enrolled(server)];
  const { database } = server.services;
  const { secret } = await database
    .selectFrom('totp_factors')
    .select('secret')
    .where('user_id', '=', attacker.id)
    .executeTakeFirstOrThrow();
  await database.updateTable('totp_factors').set({ secret }).where('user_id', '=', victim.id).execute();
  const answer = await sendCode(server, await firstStep(server, victim), codeOf(server, attacker.secret));
  assertProblem(answer, 500, 'internal-error');
});

test('a login that waits for a code ends with a new password, with the account and with the factor', async (t) => {
  const server = await startServer(t);
  const admin = await createAdmin(server);
  const [changed, disabled, removed] = [await enrolled(server), await enrolled(server), await enrolled(server)];
  const waiting = await Promise.all([changed, disabled, removed].map((account) => firstStep(server, account)));
  const change = { currentPassword: PASSWORD, newPassword: `${PASSWORD} 2` };
  const token = changed.tokens.accessToken;
  assert.equal((await server.request('POST', '/api/v1/auth/password/change', { token, body: change })).status, 204);
  const asAdmin = { token: admin.tokens.accessToken };
  assert.equal((await server.request('PATCH', `/api/v1/users/${disabled.id}`, { ...asAdmin, body: { disabled: true } })).status, 200);
  assert.equal((await server.request('PATCH', `/api/v1/users/${disabled.id}`, { ...asAdmin, body: { disabled: false } })).status, 200);
  assert.equal((await server.request('DELETE', `/api/v1/users/${removed.id}/second-factor`, asAdmin)).status, 204);
  for (const [index, account] of [changed, disabled, removed].entries())
    assertProblem(await sendCode(server, waiting[index] ?? '', codeOf(server, account.secret)), 401, 'invalid-token');
});

test('a password reset by mail leaves the second factor, and ends logins that wait for a code', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const waiting = await firstStep(server, account);
  await server.request('POST', '/api/v1/auth/password/forgot', { body: { email: account.email } });
  const token = tokenIn(await resetMail(server, account));
  const password = `${PASSWORD} 2`;
  assert.equal((await server.request('POST', '/api/v1/auth/password/reset', { body: { token, password } })).status, 204);
  assertProblem(await sendCode(server, waiting, codeOf(server, account.secret)), 401, 'invalid-token');
  const first = await login(server, { ...account, password });
  assert.equal((await sendCode(server, pendingTokenIn(first), codeOf(server, account.secret))).status, 200);
});

test('an administrator with a factor signs in with it and uses the routes of administrators', async (t) => {
  const server = await startServer(t);
  const admin = await createAdmin(server);
  const { accessToken } = await signIn(server, admin);
  assert.equal((await server.request('GET', '/api/v1/users', { token: accessToken })).status, 200);
});
