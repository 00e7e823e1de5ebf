import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import { createUser, freshEmail, login, PASSWORD, tokensOf, type Answer } from './support/accounts.ts';
import { assertSameAnswers, observable } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const LIMIT = 3;
/** The test is the trusted proxy, so it can send requests from any address. */
const BEHIND_PROXY = { LOGIN_LIMIT_MAX: String(LIMIT), TRUSTED_PROXIES: '127.0.0.1' };
const WRONG = `${PASSWORD}?`;
const MINUTE_MS = 60_000;

const from = (ip: string) => ({ 'X-Forwarded-For': ip });

/** Sends as many wrong passwords as the limit allows; returns the responses. */
async function exhaust(server: TestServer, email: string, ip: string): Promise<Answer[]> {
  const answers = [];
  for (let guess = 0; guess < LIMIT; guess += 1) answers.push(await login(server, { email, password: WRONG }, from(ip)));
  return answers;
}

test('after LOGIN_LIMIT_MAX wrong passwords the next wrong and the right password get 429', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  for (const answer of await exhaust(server, user.email, '192.0.2.1')) {
    assertProblem(answer, 401, 'invalid-credentials');
  }
  const compare = t.mock.method(bcrypt, 'compare');
  const stopped = [await login(server, { ...user, password: WRONG }, from('192.0.2.1')), await login(server, user, from('192.0.2.1'))];
  assert.equal(compare.mock.callCount(), 0);
  for (const answer of stopped) {
    assertProblem(answer, 429, 'too-many-requests');
    assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  }
  assertSameAnswers(stopped);
});

test('wrong passwords get the same responses for an existing and an unknown account, up to the 429', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const { email } = await createUser(server);
  const journeys = [];
  for (const [address, ip] of [
    [email, '192.0.2.1'],
    [freshEmail(), '192.0.2.2'],
  ] as const) {
    const answers = await exhaust(server, address, ip);
    answers.push(await login(server, { email: address, password: WRONG }, from(ip)));
    journeys.push(answers);
  }
  assert.deepEqual(journeys[0]?.map(observable), journeys[1]?.map(observable));
  assert.equal(journeys[0]?.at(-1)?.status, 429);
});

test('guesses at an e-mail address in upper case are counted together with the others and get 429', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  await exhaust(server, user.email, '192.0.2.1');
  for (const email of [user.email.toUpperCase(), user.email.replace('@example.com', '@Example.COM')]) {
    assertProblem(await login(server, { ...user, email }, from('192.0.2.1')), 429, 'too-many-requests');
  }
});

test('after 99 guesses from 33 addresses the owner signs in from another address', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const victim = await createUser(server);
  for (let network = 1; network <= 33; network += 1) await exhaust(server, victim.email, `198.51.100.${network}`);
  tokensOf(await login(server, victim, from('192.0.2.1')));
});

test('of 30 parallel guesses at most LOGIN_LIMIT_MAX are checked', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const { email } = await createUser(server);
  const compare = t.mock.method(bcrypt, 'compare');
  const guesses = Array.from({ length: 30 }, () => login(server, { email, password: WRONG }, from('192.0.2.1')));
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  assert.ok(statuses.includes(401) && statuses.every((status) => [401, 429, 503].includes(status)), statuses.join());
  assert.ok(compare.mock.callCount() <= LIMIT, `${compare.mock.callCount()} guesses were checked`);
});

test('guesses with a changing forged X-Forwarded-For get 429', async (t) => {
  const server = await startServer(t, { LOGIN_LIMIT_MAX: String(LIMIT) });
  const user = await createUser(server);
  for (let guess = 1; guess <= LIMIT; guess += 1) {
    await login(server, { ...user, password: WRONG }, from(`192.0.2.${guess}`));
  }
  assertProblem(await login(server, user, from('192.0.2.99')), 429, 'too-many-requests');
});

test('an address that tries one password on many accounts gets 429, and a new user signs in from it 15 minutes later', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const victim = await createUser(server);
  const compare = t.mock.method(bcrypt, 'compare');
  let stopped: Answer | undefined;
  for (let account = 0; account < 200 && !stopped; account += 1) {
    const answer = await login(server, { email: freshEmail(), password: PASSWORD }, from('192.0.2.1'));
    if (answer.status !== 401) stopped = answer;
  }
  assert.ok(stopped, 'two hundred accounts were tried');
  assertProblem(stopped, 429, 'too-many-requests');
  compare.mock.resetCalls();
  assertProblem(await login(server, victim, from('192.0.2.1')), 429, 'too-many-requests');
  const { password_hash: stored } = await server.services.database.selectFrom('users').select('password_hash').executeTakeFirstOrThrow();
  assert.equal(compare.mock.calls.filter(({ arguments: [, hash] }) => hash === stored).length, 0);
  tokensOf(await login(server, victim, from('192.0.2.2')));
  const newcomer = await createUser(server);
  server.clock.advance(15 * MINUTE_MS + 1000);
  tokensOf(await login(server, newcomer, from('192.0.2.1')));
});

test('when an address gets 429 for wrong passwords, a user who signed in from it before can still sign in', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const office = '203.0.113.7';
  const colleague = await createUser(server);
  tokensOf(await login(server, colleague, from(office)));
  for (let guess = 0; guess < 20 * LIMIT + 5; guess += 1) await login(server, { email: freshEmail(), password: WRONG }, from(office));
  assert.equal((await login(server, { email: freshEmail(), password: WRONG }, from(office))).status, 429);
  tokensOf(await login(server, colleague, from(office)));
});

test('an address over its limit gets the same 429 for every account, also for one that signed in from it', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const office = '203.0.113.7';
  const [known, elsewhere] = [await createUser(server), await createUser(server)];
  tokensOf(await login(server, known, from(office)));
  for (let guess = 0; guess < 20 * LIMIT; guess += 1) await login(server, { email: freshEmail(), password: WRONG }, from(office));
  const compare = t.mock.method(bcrypt, 'compare');
  const answers = [];
  for (const email of [known.email, elsewhere.email, freshEmail()]) {
    answers.push(await login(server, { email, password: WRONG }, from(office)));
    assert.equal(compare.mock.callCount(), answers.length, 'each answer costs one comparison');
  }
  for (const answer of answers) assertProblem(answer, 429, 'too-many-requests');
  assertSameAnswers(answers);
});

test('addresses over their limit share four places in the hashing queue, and further logins get 503', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const addresses = ['198.51.100.1', '198.51.101.1', '198.51.102.1'];
  for (const ip of addresses) {
    for (let guess = 0; guess < 20 * LIMIT; guess += 1) await login(server, { email: freshEmail(), password: WRONG }, from(ip));
  }
  const held = Promise.withResolvers<boolean>();
  const compare = t.mock.method(bcrypt, 'compare', () => held.promise);
  const answers: number[] = [];
  const flood = Array.from({ length: 12 }, async (_, index) => {
    answers.push((await login(server, { email: freshEmail(), password: WRONG }, from(addresses[index % 3] ?? ''))).status);
  });
  for (const end = performance.now() + 8000; answers.length < 8 && performance.now() < end;) await delay(5);
  assert.ok(answers.length >= 8 && answers.every((status) => status === 503), `refused while four hold a place: ${answers.join()}`);
  assert.ok(compare.mock.callCount() <= 4);
  held.resolve(false);
  await Promise.all(flood);
});

test('a right password resets the count of wrong ones, and the 429 ends after 15 minutes', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  for (let time = 0; time < 2; time += 1) {
    for (let guess = 1; guess < LIMIT; guess += 1) await login(server, { ...user, password: WRONG }, from('192.0.2.1'));
    tokensOf(await login(server, user, from('192.0.2.1')));
  }
  await exhaust(server, user.email, '192.0.2.1');
  assert.equal((await login(server, user, from('192.0.2.1'))).status, 429);
  server.clock.advance(15 * MINUTE_MS + 1000);
  tokensOf(await login(server, user, from('192.0.2.1')));
});

test('after three times LOGIN_LIMIT_MAX right passwords the address gets 429 for that account', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  for (let time = 0; time < 3 * LIMIT; time += 1) tokensOf(await login(server, user, from('192.0.2.1')));
  const compare = t.mock.method(bcrypt, 'compare');
  assertProblem(await login(server, user, from('192.0.2.1')), 429, 'too-many-requests');
  assert.equal(compare.mock.callCount(), 0);
  tokensOf(await login(server, user, from('192.0.2.2')));
});

test('after LOGIN_LIMIT_MAX wrong current passwords the password change gets 429 from any address', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  let network = 0;
  const change = (currentPassword: string) =>
    server.request('POST', '/api/v1/auth/password/change', {
      token: user.tokens.accessToken,
      body: { currentPassword, newPassword: `${PASSWORD} 2` },
      headers: from(`192.0.2.${(network += 1)}`),
    });
  for (let guess = 0; guess < LIMIT; guess += 1) assert.equal((await change(WRONG)).status, 401);
  assertProblem(await change(user.password), 429, 'too-many-requests');
});
