import assert from 'node:assert/strict';
import test from 'node:test';
import bcrypt from 'bcrypt';
import { createUnverified, createUser, enrol, freshEmail, login, PASSWORD, type Account, type Credentials } from './support/accounts.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';
import { SIGN_IN } from './support/strategy.ts';

function update(server: TestServer, { id }: Account, set: { disabled_at?: number; password_hash?: string | null }): Promise<unknown> {
  return server.services.database.updateTable('users').set(set).where('id', '=', id).execute();
}

/** Credentials for every reason to refuse a login. */
async function refusedCredentials(server: TestServer): Promise<Record<string, Credentials>> {
  const [disabled, passwordless, wrong, overlong] = await Promise.all([1, 2, 3, 4].map(() => createUser(server)));
  assert.ok(disabled && passwordless && wrong && overlong);
  await update(server, disabled, { disabled_at: server.clock.now() });
  await update(server, passwordless, { password_hash: null });
  const unverified = { email: freshEmail(), password: PASSWORD };
  await createUnverified(server, unverified);
  return {
    unknown: { email: freshEmail(), password: PASSWORD },
    wrong: { email: wrong.email, password: `${PASSWORD}?` },
    disabled,
    passwordless,
    unverified,
    overlong: { email: overlong.email, password: PASSWORD.padEnd(73, 'x') },
    'overlong and unknown': { email: freshEmail(), password: PASSWORD.padEnd(73, 'x') },
  };
}

test('unknown, disabled, unverified and passwordless accounts and wrong passwords get the same 401', async (t) => {
  const server = await startServer(t);
  const answers = [];
  for (const { email, password } of Object.values(await refusedCredentials(server))) {
    answers.push(await login(server, { email, password }));
  }
  assertSameAnswers(answers);
  for (const answer of answers) assertProblem(answer, 401, 'invalid-credentials', [PASSWORD]);
});

test('every refused login makes one comparison with a hash of full cost', async (t) => {
  const server = await startServer(t, { BCRYPT_COST: '5' });
  const refused = await refusedCredentials(server);
  const compare = t.mock.method(bcrypt, 'compare');
  for (const [reason, { email, password }] of Object.entries(refused)) {
    await login(server, { email, password });
    const hashes = compare.mock.calls.map((call) => call.arguments[1]);
    assert.equal(hashes.length, 1, `${reason}: ${hashes.length} comparisons`);
    assert.match(hashes[0] ?? '', /^\$2b\$05\$/, reason);
    compare.mock.resetCalls();
  }
});

test('after BCRYPT_COST was raised every refused login computes the same number of rounds', async (t) => {
  const server = await startServer(t, { BCRYPT_COST: '7' });
  const [older, recent, disabled] = [await createUser(server), await createUser(server), await createUser(server)];
  await update(server, older, { password_hash: await bcrypt.hash(older.password, 4) });
  await update(server, disabled, { password_hash: await bcrypt.hash(disabled.password, 5), disabled_at: 1 });
  const refused = [
    { email: freshEmail(), password: PASSWORD },
    { email: recent.email, password: `${PASSWORD}?` },
    { email: older.email, password: `${PASSWORD}?` },
    disabled,
  ];
  const compare = t.mock.method(bcrypt, 'compare');
  for (const { email, password } of refused) {
    compare.mock.resetCalls();
    assertProblem(await login(server, { email, password }), 401, 'invalid-credentials');
    const rounds = compare.mock.calls.map(({ arguments: [, hash] }) => 2 ** bcrypt.getRounds(hash));
    assert.equal(
      rounds.reduce((sum, one) => sum + one, 0),
      2 ** 7,
      `rounds: ${rounds.join(' + ')}`,
    );
  }
});

test('credentials that are not two strings get 400 and are not compared', async (t) => {
  const server = await startServer(t);
  const { email } = await createUser(server);
  const compare = t.mock.method(bcrypt, 'compare');
  const send = (body: unknown) => server.request('POST', '/api/v1/auth/login', { body });
  const answers = [];
  for (const password of [{ password: 1 }, [PASSWORD], 1, true, null, undefined, { $ne: null }]) {
    answers.push(await send({ email, password }));
  }
  for (const wrong of [{ $ne: null }, [email]]) answers.push(await send({ email: wrong, password: PASSWORD }));
  assert.equal(compare.mock.callCount(), 0);
  for (const answer of answers) assertProblem(answer, 400, 'invalid-request');
  for (const body of [[], 'x', null]) assert.equal((await send(body)).status, 400);
});

test('a fresh installation has no account, and common default passwords get 401', async (t) => {
  const server = await startServer(t);
  assert.deepEqual(await server.services.database.selectFrom('users').select('email').execute(), []);
  for (const name of ['admin', 'root', 'test', 'user', 'demo']) {
    for (const password of ['admin', 'password', 'changeme', `${name}-password-123`]) {
      const answer = await login(server, { email: `${name}@example.com`, password });
      assert.equal(answer.status, 401);
    }
  }
});

test('a login returns the fields of its strategy and no field of the account', async (t) => {
  const server = await startServer(t);
  const credentials = { email: freshEmail(), password: PASSWORD };
  await enrol(server, credentials);
  const answer = await login(server, credentials);
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.body as object).sort(), SIGN_IN.fields);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.getSetCookie().length, SIGN_IN.cookies);
});

test('a login gets 401 when the password changes or the account is disabled during the check', async (t) => {
  const server = await startServer(t);
  const hash = await server.services.passwords.hash(`${PASSWORD} 2`);
  for (const set of [{ password_hash: hash }, { disabled_at: 1 }]) {
    const user = await createUser(server);
    const [checking, changed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<boolean>()];
    const compare = t.mock.method(bcrypt, 'compare', () => {
      checking.resolve(undefined);
      return changed.promise;
    });
    const racing = login(server, user);
    await checking.promise;
    await update(server, user, set);
    changed.resolve(true);
    assertProblem(await racing, 401, 'invalid-credentials');
    compare.mock.restore();
  }
});
