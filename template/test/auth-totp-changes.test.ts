import assert from 'node:assert/strict';
import test from 'node:test';
import { createFeatures } from '../src/routes.ts';
import { createAdmin, createUser, login, mailsSettled, PASSWORD, signIn, type Account } from './support/accounts.ts';
import { operationOf } from './support/features.ts';
import { codeOf, enrolFactor, pendingTokenIn, requestFactor, sendCode, STEP_MS, wrongCode, type Enrolled } from './support/factors.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type Answer, type TestServer } from './support/server.ts';

const MINUTE_MS = 60_000;

/** An account with a factor whose present code was not used yet. */
async function enrolled(server: TestServer): Promise<Enrolled> {
  const account = await enrolFactor(server, await createUser(server));
  server.clock.advance(3 * STEP_MS);
  return account;
}

async function assertMailed(server: TestServer, { email }: Account, subject: RegExp): Promise<void> {
  await mailsSettled(server);
  const subjects = server.mails.filter(({ to }) => to === email).map((mail) => mail.subject);
  assert.equal(subjects.filter((one) => subject.test(one)).length, 1, subjects.join(', '));
}

const statusOf = async (server: TestServer, { tokens }: Account): Promise<Record<string, unknown>> =>
  (await server.request('GET', '/api/v1/me/second-factor', { token: tokens.accessToken })).body as Record<string, unknown>;

/** An administrator who has no second factor yet. */
async function newAdmin(server: TestServer): Promise<Account> {
  const account = await createUser(server);
  await server.services.database.updateTable('users').set({ role: 'admin' }).where('id', '=', account.id).execute();
  return account;
}

const send = (server: TestServer, operation: string, { tokens }: Account): Promise<Answer> => {
  const [method = '', path = ''] = operation.split(' ');
  const body = method === 'GET' ? {} : { body: { 'not a field': true } };
  return server.request(method, path.replaceAll(/:\w+/g, '00000000-0000-4000-8000-000000000000'), { token: tokens.accessToken, ...body });
};

test('an administrator without a factor gets 403 on every route but those of the enrolment and the logout', async (t) => {
  const server = await startServer(t);
  const admin = await newAdmin(server);
  const open = [
    'GET /api/v1/me/second-factor',
    'POST /api/v1/me/second-factor',
    'POST /api/v1/me/second-factor/confirm',
    'POST /api/v1/auth/logout',
  ];
  const letIn: string[] = [];
  for (const route of createFeatures(server.services).routes) {
    if (route.access.kind === 'public') continue;
    const operation = operationOf(route);
    const answer = await send(server, operation, admin);
    if (answer.status !== 403 || !answer.text.includes('second-factor-required')) letIn.push(operation);
  }
  assert.deepEqual(letIn.sort(), open.sort());
});

test('an administrator who enrols may do everything at once, and a user who becomes one must enrol', async (t) => {
  const server = await startServer(t);
  const admin = await newAdmin(server);
  const users = () => server.request('GET', '/api/v1/users', { token: admin.tokens.accessToken });
  assertProblem(await users(), 403, 'second-factor-required');
  await enrolFactor(server, admin);
  assert.equal((await users()).status, 200);
  const user = await createUser(server);
  assert.equal((await server.request('GET', '/api/v1/notes', { token: user.tokens.accessToken })).status, 200);
  await server.services.database.updateTable('users').set({ role: 'admin' }).where('id', '=', user.id).execute();
  assertProblem(await server.request('GET', '/api/v1/notes', { token: user.tokens.accessToken }), 403, 'second-factor-required');
});

test('an enrolment that was not confirmed counts for nothing: the login needs no code and the role still needs a factor', async (t) => {
  const server = await startServer(t);
  const admin = await newAdmin(server);
  assert.equal((await requestFactor(server, admin, '', { password: PASSWORD })).status, 200);
  assertProblem(await server.request('GET', '/api/v1/users', { token: admin.tokens.accessToken }), 403, 'second-factor-required');
  assert.ok(!(await login(server, admin)).text.includes('pendingToken'));
  const { enrolled: isEnrolled, required } = await statusOf(server, admin);
  assert.deepEqual({ isEnrolled, required }, { isEnrolled: false, required: true });
});

test('a stolen session cannot begin an enrolment without the password', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  assertProblem(await requestFactor(server, user, '', { password: `${PASSWORD}!` }), 401, 'invalid-credentials');
  assertProblem(await requestFactor(server, user, '', {}), 400, 'invalid-request');
  const rows = await server.services.database.selectFrom('totp_factors').select('user_id').execute();
  assert.deepEqual(rows, []);
});

test('a factor is confirmed only with a code of its secret, within 15 minutes, and then stays', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const begin = async () => ((await requestFactor(server, user, '', { password: PASSWORD })).body as { secret: string }).secret;
  assertProblem(await requestFactor(server, user, '/confirm', { code: '000000' }), 409, 'no-second-factor');
  const [first, secret] = [await begin(), await begin()];
  assertProblem(await requestFactor(server, user, '/confirm', { code: codeOf(server, first) }), 401, 'invalid-code');
  assertProblem(await requestFactor(server, user, '/confirm', { code: wrongCode(server, secret) }), 401, 'invalid-code');
  server.clock.advance(15 * MINUTE_MS);
  const fresh = { ...user, tokens: await signIn(server, user) };
  assertProblem(await requestFactor(server, fresh, '/confirm', { code: codeOf(server, secret) }), 409, 'no-second-factor');
  await server.upkeep();
  const rows = await server.services.database.selectFrom('totp_factors').select('user_id').execute();
  assert.deepEqual(rows, []);
  await enrolFactor(server, fresh);
  assertProblem(await requestFactor(server, fresh, '', { password: PASSWORD }), 409, 'second-factor-exists');
  assert.equal((await statusOf(server, fresh))['enrolled'], true);
});

test('the confirmation ends the other sessions of the account, and its owner gets a mail', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const other = await signIn(server, user);
  await enrolFactor(server, user);
  assert.equal((await server.request('GET', '/api/v1/me', { token: other.accessToken })).status, 401);
  assert.equal((await server.request('GET', '/api/v1/me', { token: user.tokens.accessToken })).status, 200);
  await assertMailed(server, user, /second factor was added/);
});

test('a stolen session with the password cannot remove the factor or get recovery codes without a fresh code', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const used = codeOf(server, account.secret);
  assert.equal((await sendCode(server, pendingTokenIn(await login(server, account)), used)).status, 200);
  for (const path of ['/removal', '/recovery-codes']) {
    for (const code of [wrongCode(server, account.secret), used])
      assertProblem(await requestFactor(server, account, path, { password: PASSWORD, code }), 401, 'invalid-code');
    const next = codeOf(server, account.secret, 1);
    assertProblem(await requestFactor(server, account, path, { password: `${PASSWORD}!`, code: next }), 401, 'invalid-credentials');
    assertProblem(await requestFactor(server, account, path, { password: PASSWORD }), 400, 'invalid-request');
  }
  assert.equal((await statusOf(server, account))['enrolled'], true);
});

test('the owner removes the factor with the password and a code, gets a mail, and signs in with the password alone', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const proof = { password: PASSWORD, code: codeOf(server, account.secret) };
  assert.equal((await requestFactor(server, account, '/removal', proof)).status, 204);
  await assertMailed(server, account, /second factor was removed/);
  assert.ok(!(await login(server, account)).text.includes('pendingToken'));
  const left = await server.services.database.selectFrom('totp_recovery_codes').select('user_id').execute();
  assert.deepEqual(left, []);
});

test('new recovery codes replace the old ones', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  const proof = { password: PASSWORD, code: codeOf(server, account.secret) };
  const answer = await requestFactor(server, account, '/recovery-codes', proof);
  const { recoveryCodes: codes } = answer.body as { recoveryCodes: string[] };
  assert.equal(new Set([...codes, ...account.recoveryCodes]).size, 20);
  assert.ok(codes.every((code) => /^(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}$/.test(code)));
  const [old = ''] = account.recoveryCodes;
  assertProblem(await sendCode(server, pendingTokenIn(await login(server, account)), old), 401, 'invalid-code');
  assert.equal((await sendCode(server, pendingTokenIn(await login(server, account)), codes[0] ?? '')).status, 200);
  await assertMailed(server, account, /new recovery codes/);
});

test('an administrator removes the factor of a user who lost it: the sessions end and the owner gets a mail', async (t) => {
  const server = await startServer(t);
  const [admin, user] = [await createAdmin(server), await enrolled(server)];
  const remove = ({ tokens }: Account, id: string) =>
    server.request('DELETE', `/api/v1/users/${id}/second-factor`, { token: tokens.accessToken });
  assertProblem(await remove(user, admin.id), 403, 'forbidden');
  assert.equal((await remove(admin, user.id)).status, 204);
  assertProblem(await remove(admin, user.id), 404, 'not-found');
  assert.equal((await server.request('GET', '/api/v1/me', { token: user.tokens.accessToken })).status, 401);
  await assertMailed(server, user, /second factor was removed/);
  assert.ok(!(await login(server, user)).text.includes('pendingToken'));
  const events = server.logs.filter(({ event }) => event === 'authn_factor_change').map(({ change }) => change);
  assert.deepEqual(events, ['added', 'removed']);
});

test('an administrator cannot remove the own factor without a code', async (t) => {
  const server = await startServer(t);
  const admin = await createAdmin(server);
  const path = `/api/v1/users/${admin.id}/second-factor`;
  assertProblem(await server.request('DELETE', path, { token: admin.tokens.accessToken }), 403, 'forbidden');
  assert.equal((await statusOf(server, admin))['enrolled'], true);
});

test('the factor is deleted with the account', async (t) => {
  const server = await startServer(t);
  const account = await enrolled(server);
  pendingTokenIn(await login(server, account));
  const { accessToken } = await signIn(server, account);
  assert.equal((await server.request('DELETE', '/api/v1/me', { token: accessToken })).status, 204);
  for (const table of ['totp_factors', 'totp_pending', 'totp_recovery_codes'] as const)
    assert.deepEqual(await server.services.database.selectFrom(table).select('user_id').execute(), [], table);
});
