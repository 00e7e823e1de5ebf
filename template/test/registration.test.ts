import assert from 'node:assert/strict';
import test from 'node:test';
import bcrypt from 'bcrypt';
import { createUser, enrol, freshEmail, login, mailTo, me, PASSWORD, register, signIn, tokenIn, verifyEmail } from './support/accounts.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

async function usersCalled(server: TestServer, email: string): Promise<number> {
  const rows = await server.services.database.selectFrom('users').select('id').where('email', '=', email).execute();
  return rows.length;
}

test('registering a taken address looks exactly like registering a new one', async (t) => {
  const server = await startServer(t);
  const { email } = await createUser(server);
  const answers = [
    await register(server, { email: freshEmail(), password: PASSWORD }),
    await register(server, { email, password: PASSWORD }),
    await register(server, { email: email.toUpperCase(), password: `${PASSWORD} of somebody else` }),
  ];
  assert.equal(answers[0]?.status, 202);
  assert.deepEqual(answers[0].body, { status: 'check-your-email' });
  assertSameAnswers(answers);
  assert.equal(await usersCalled(server, email), 1);
});

test('the work of registering does not tell whether the address is taken', async (t) => {
  const server = await startServer(t);
  const { email } = await createUser(server);
  const hash = t.mock.method(bcrypt, 'hash');
  const compare = t.mock.method(bcrypt, 'compare');
  const work = [];
  for (const address of [freshEmail(), email]) {
    await register(server, { email: address, password: PASSWORD });
    work.push(hash.mock.callCount() + compare.mock.callCount());
    hash.mock.resetCalls();
    compare.mock.resetCalls();
  }
  assert.deepEqual(work, [1, 1]);
});

test('somebody who registers a taken address changes nothing and gets no token for it', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const mine = `${PASSWORD} of the attacker`;
  await register(server, { email: user.email, password: mine });
  const warning = await mailTo(server, user.email);
  assert.throws(() => tokenIn(warning));
  assertProblem(await login(server, { email: user.email, password: mine }), 401, 'invalid-credentials');
  assert.equal((await login(server, user)).status, 200);
});

test('twenty registrations of one address at once leave one account and one answer', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const answers = await Promise.all(Array.from({ length: 20 }, () => register(server, { email, password: PASSWORD })));
  assertSameAnswers(answers);
  assert.equal(answers[0]?.status, 202);
  assert.equal(await usersCalled(server, email), 1);
});

test('an address in other letters is the same account', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const variants = [user.email.toUpperCase(), user.email.replace('@example.com', '@EXAMPLE.com')];
  for (const email of variants) await register(server, { email, password: PASSWORD });
  const { users } = await server.services.database
    .selectFrom('users')
    .select(({ fn }) => fn.countAll<number | string>().as('users'))
    .executeTakeFirstOrThrow();
  assert.equal(Number(users), 1);
  for (const email of variants) assert.equal((await login(server, { ...user, email })).status, 200);
});

test('an address as long as addresses get is an address like any other', async (t) => {
  const server = await startServer(t);
  const email = `${'x'.repeat(254 - '@example.com'.length)}@example.com`;
  await enrol(server, { email, password: PASSWORD });
  const { displayName } = (await me(server, await signIn(server, { email, password: PASSWORD }))).body as { displayName: string };
  assert.ok(displayName.length <= 100, 'a name is longer than its column');
});

test('an address nobody has proven opens no session, and the answer does not say why', async (t) => {
  const server = await startServer(t);
  const credentials = { email: freshEmail(), password: PASSWORD };
  await register(server, credentials);
  const unproven = await login(server, credentials);
  assertProblem(unproven, 401, 'invalid-credentials');
  assertSameAnswers([unproven, await login(server, { email: freshEmail(), password: PASSWORD })]);
});

test('a password planted before the owner of the address arrives does not open the account', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const [planted, chosen] = [`${PASSWORD} planted`, `${PASSWORD} chosen`];
  await register(server, { email, password: planted });
  await mailTo(server, email);
  await register(server, { email, password: chosen });
  await verifyEmail(server, tokenIn(await mailTo(server, email, 2)));
  assert.equal((await login(server, { email, password: planted })).status, 401);
});

test('a prefetched link proves nothing', async (t) => {
  const server = await startServer(t);
  const credentials = { email: freshEmail(), password: PASSWORD };
  await register(server, credentials);
  const token = tokenIn(await mailTo(server, credentials.email));
  for (const path of ['/api/v1/auth/verify-email', `/api/v1/auth/verify-email?token=${token}`]) {
    assert.equal((await server.request('GET', path)).status, 405);
  }
  assert.equal((await login(server, credentials)).status, 401);
  assert.equal((await verifyEmail(server, token)).status, 204);
  assert.equal((await login(server, credentials)).status, 200);
});

test('a verification token works once, even when it is used twenty times at once', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  await register(server, { email, password: PASSWORD });
  const token = tokenIn(await mailTo(server, email));
  const answers = await Promise.all(Array.from({ length: 20 }, () => verifyEmail(server, token)));
  assert.equal(answers.filter(({ status }) => status === 204).length, 1);
  assert.equal(answers.filter(({ status }) => status === 400).length, 19);
});

test('a verification token of yesterday proves nothing', async (t) => {
  const server = await startServer(t);
  const credentials = { email: freshEmail(), password: PASSWORD };
  await register(server, credentials);
  const token = tokenIn(await mailTo(server, credentials.email));
  server.clock.advance(DAY_MS + 1000);
  assert.equal((await verifyEmail(server, token)).status, 400);
  assert.equal((await login(server, credentials)).status, 401);
});

test('a token for one purpose does not serve another', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  await register(server, { email, password: PASSWORD });
  const token = tokenIn(await mailTo(server, email));
  const reset = await server.request('POST', '/api/v1/auth/password/reset', { body: { token, password: `${PASSWORD} 2` } });
  assert.equal(reset.status, 400);
  assert.equal((await verifyEmail(server, token)).status, 204);
  await server.request('POST', '/api/v1/auth/password/forgot', { body: { email } });
  const resetToken = tokenIn(await mailTo(server, email, 2));
  assert.equal((await verifyEmail(server, resetToken)).status, 400);
});

test('a stolen database holds no token that would still prove an address', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  await register(server, { email, password: PASSWORD });
  const token = tokenIn(await mailTo(server, email));
  const rows = await server.services.database.selectFrom('one_time_tokens').selectAll().execute();
  assert.equal(rows.length, 1);
  assert.match(rows[0]?.token_hash ?? '', /^[0-9a-f]{64}$/);
  assert.doesNotMatch(JSON.stringify(rows), new RegExp(token));
});
