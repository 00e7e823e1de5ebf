import assert from 'node:assert/strict';
import test from 'node:test';
import bcrypt from 'bcrypt';
import { createUser, freshEmail, login, PASSWORD, tokensOf, type Answer } from './support/accounts.ts';
import { assertSameAnswers, observable } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const LIMIT = 3;
/** A trusted proxy in front lets a test come from any address. */
const BEHIND_PROXY = { LOGIN_LIMIT_MAX: String(LIMIT), TRUSTED_PROXIES: '127.0.0.1' };
const WRONG = `${PASSWORD}?`;
const MINUTE_MS = 60_000;

const from = (ip: string) => ({ 'X-Forwarded-For': ip });

/** As many wrong guesses as are free, and their answers. */
async function exhaust(server: TestServer, email: string, ip: string): Promise<Answer[]> {
  const answers = [];
  for (let guess = 0; guess < LIMIT; guess += 1) answers.push(await login(server, { email, password: WRONG }, from(ip)));
  return answers;
}

test('guessing stops after a few wrong passwords, and then even the right one does not help', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  for (const answer of await exhaust(server, user.email, '192.0.2.1')) {
    assertProblem(answer, 401, 'invalid-credentials');
  }
  const compare = t.mock.method(bcrypt, 'compare');
  const stopped = [await login(server, { ...user, password: WRONG }, from('192.0.2.1')), await login(server, user, from('192.0.2.1'))];
  for (const answer of stopped) {
    assertProblem(answer, 429, 'too-many-requests');
    assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  }
  assertSameAnswers(stopped);
  assert.equal(compare.mock.callCount(), 0);
});

test('the throttle does not tell which accounts exist', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const { email } = await createUser(server);
  const journeys = [];
  for (const [address, ip] of [[email, '192.0.2.1'], [freshEmail(), '192.0.2.2']] as const) {
    const answers = await exhaust(server, address, ip);
    answers.push(await login(server, { email: address, password: WRONG }, from(ip)));
    assert.equal(answers.at(-1)?.status, 429);
    journeys.push(answers.map(observable));
  }
  assert.deepEqual(journeys[0], journeys[1]);
});

test('spelling the address in another way does not buy more guesses', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  await exhaust(server, user.email, '192.0.2.1');
  for (const email of [user.email.toUpperCase(), user.email.replace('@example.com', '@Example.COM')]) {
    assertProblem(await login(server, { ...user, email }, from('192.0.2.1')), 429, 'too-many-requests');
  }
});

test('an attacker cannot lock somebody out: another address still gets in', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const victim = await createUser(server);
  for (let network = 1; network <= 40; network += 1) await exhaust(server, victim.email, `198.51.100.${network}`);
  tokensOf(await login(server, victim, from('192.0.2.1')));
});

test('guesses made at once do not outrun the throttle', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const { email } = await createUser(server);
  const compare = t.mock.method(bcrypt, 'compare');
  const guesses = Array.from({ length: 30 }, () => login(server, { email, password: WRONG }, from('192.0.2.1')));
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  assert.deepEqual([...new Set(statuses)].sort(), [401, 429]);
  assert.ok(compare.mock.callCount() <= LIMIT, `${compare.mock.callCount()} guesses were checked`);
});

test('a forged X-Forwarded-For does not buy more guesses', async (t) => {
  const server = await startServer(t, { LOGIN_LIMIT_MAX: String(LIMIT) });
  const user = await createUser(server);
  for (let guess = 1; guess <= LIMIT; guess += 1) {
    await login(server, { ...user, password: WRONG }, from(`192.0.2.${guess}`));
  }
  assertProblem(await login(server, user, from('192.0.2.99')), 429, 'too-many-requests');
});

test('one address that tries one password on many accounts is stopped', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const victim = await createUser(server);
  let stopped: Answer | undefined;
  for (let account = 0; account < 200 && !stopped; account += 1) {
    const answer = await login(server, { email: freshEmail(), password: PASSWORD }, from('192.0.2.1'));
    if (answer.status !== 401) stopped = answer;
  }
  assert.ok(stopped, 'two hundred accounts were tried');
  assertProblem(stopped, 429, 'too-many-requests');
  assertProblem(await login(server, victim, from('192.0.2.1')), 429, 'too-many-requests');
  tokensOf(await login(server, victim, from('192.0.2.2')));
});

test('right passwords cost nothing, and the throttle ends with its window', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  for (let time = 0; time < LIMIT * 3; time += 1) tokensOf(await login(server, user, from('192.0.2.1')));
  await exhaust(server, user.email, '192.0.2.1');
  assert.equal((await login(server, user, from('192.0.2.1'))).status, 429);
  server.clock.advance(15 * MINUTE_MS + 1000);
  tokensOf(await login(server, user, from('192.0.2.1')));
});

test('the current password cannot be guessed through the password change', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  const change = (currentPassword: string) =>
    server.request('POST', '/api/v1/auth/password/change', {
      token: user.tokens.accessToken,
      body: { currentPassword, newPassword: `${PASSWORD} 2` },
      headers: from('192.0.2.1'),
    });
  for (let guess = 0; guess < LIMIT; guess += 1) assert.equal((await change(WRONG)).status, 401);
  assertProblem(await change(user.password), 429, 'too-many-requests');
});
