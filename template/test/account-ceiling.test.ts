import assert from 'node:assert/strict';
import test from 'node:test';
import bcrypt from 'bcrypt';
import { createUser, freshEmail, login, mailTo, PASSWORD, tokenIn, tokensOf, type Answer, type Credentials } from './support/accounts.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const BEHIND_PROXY = { TRUSTED_PROXIES: '127.0.0.1', LOGIN_LIMIT_MAX: '10' };
const WRONG = `${PASSWORD}?`;
const CEILING = 100;
const HOME = '203.0.113.7';
const DAY_MS = 86_400_000;

const from = (ip: string) => ({ 'X-Forwarded-For': ip });

/** Ten wrong passwords from each of the given number of networks, all in one /48. */
async function attack(server: TestServer, email: string, networks: number, first = 0): Promise<Answer[]> {
  const answers = [];
  for (let network = first; network < first + networks; network += 1) {
    const ip = `2001:db8:7:${network.toString(16).padStart(2, '0')}00::1`;
    for (let guess = 0; guess < 10; guess += 1) answers.push(await login(server, { email, password: WRONG }, from(ip)));
  }
  return answers;
}

async function reset(server: TestServer, email: string, password: string, ip: string): Promise<void> {
  const headers = from(ip);
  await server.request('POST', '/api/v1/auth/password/forgot', { body: { email }, headers });
  const token = tokenIn(await mailTo(server, email));
  const answer = await server.request('POST', '/api/v1/auth/password/reset', { body: { token, password }, headers });
  assert.equal(answer.status, 204, answer.text);
}

/** A user who has signed in from the address HOME. */
async function personAtHome(server: TestServer): Promise<Credentials> {
  const user = await createUser(server);
  tokensOf(await login(server, user, from(HOME)));
  return user;
}

test('of 120 guesses from twelve new networks only 100 are checked, and then the right password from a new network gets 401', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await personAtHome(server);
  const compare = t.mock.method(bcrypt, 'compare');
  const answers = await attack(server, user.email, 12);
  const stored = await server.services.database.selectFrom('users').select('password_hash').executeTakeFirstOrThrow();
  const checked = compare.mock.calls.filter(({ arguments: [, hash] }) => hash === stored.password_hash).length;
  assert.equal(checked, CEILING);
  answers.push(await login(server, user, from('198.51.100.1')));
  for (const answer of answers) assertProblem(answer, 401, 'invalid-credentials');
  assertSameAnswers(answers);
  assert.equal(compare.mock.callCount(), answers.length);
});

test('after 120 guesses at an account its owner still signs in from the network of an earlier sign-in', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await personAtHome(server);
  await attack(server, user.email, 12);
  tokensOf(await login(server, user, from(HOME)));
  tokensOf(await login(server, user, from(HOME.replace('.7', '.77'))));
});

test('an owner in a new network resets the password during an attack and can still sign in after 120 more guesses', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await personAtHome(server);
  await attack(server, user.email, 12);
  const hotel = '192.0.2.50';
  const password = `${PASSWORD} 2`;
  assertProblem(await login(server, user, from(hotel)), 401, 'invalid-credentials');
  await reset(server, user.email, password, hotel);
  await attack(server, user.email, 12, 20);
  tokensOf(await login(server, { ...user, password }, from(hotel)));
});

test('an existing and an unknown account get the same responses before and after 100 guesses', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await personAtHome(server);
  const answers = [...(await attack(server, user.email, 11)), ...(await attack(server, freshEmail(), 11, 30))];
  assertSameAnswers(answers);
});

test('a successful sign-in resets the count of guesses, and the count expires after 30 days', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await personAtHome(server);
  await attack(server, user.email, 9);
  tokensOf(await login(server, user, from(HOME)));
  await attack(server, user.email, 9, 20);
  tokensOf(await login(server, user, from('198.51.100.1')));
  await attack(server, user.email, 12, 40);
  assert.equal((await login(server, user, from('192.0.2.2'))).status, 401);
  server.clock.advance(31 * DAY_MS);
  tokensOf(await login(server, user, from('192.0.2.2')));
});

test('fourteen addresses in the network of the owner have 100 guesses a day together', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await personAtHome(server);
  await attack(server, user.email, 12);
  const compare = t.mock.method(bcrypt, 'compare');
  const { password_hash: stored } = await server.services.database.selectFrom('users').select('password_hash').executeTakeFirstOrThrow();
  for (let neighbour = 20; neighbour < 34; neighbour += 1) {
    for (let guess = 0; guess < 10; guess += 1) await login(server, { ...user, password: WRONG }, from(`203.0.113.${neighbour}`));
  }
  assert.equal(compare.mock.calls.filter(({ arguments: [, hash] }) => hash === stored).length, CEILING);
  server.clock.advance(DAY_MS + 1000);
  tokensOf(await login(server, user, from(HOME)));
});

test('after 100 wrong current passwords the right one gets 401 too, and after a reset the password change works again', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  const change = (token: string, currentPassword: string) =>
    server.request('POST', '/api/v1/auth/password/change', { token, body: { currentPassword, newPassword: `${PASSWORD} 3` } });
  const nextSession = async () => {
    server.clock.advance(15 * 60_000 + 1000);
    return tokensOf(await login(server, user)).accessToken;
  };
  for (let session = 0; session < CEILING / 10; session += 1) {
    const token = await nextSession();
    for (let guess = 0; guess < 10; guess += 1) assertProblem(await change(token, WRONG), 401, 'invalid-credentials');
  }
  assertProblem(await change(await nextSession(), user.password), 401, 'invalid-credentials');
  const password = `${PASSWORD} 2`;
  await reset(server, user.email, password, HOME);
  const fresh = tokensOf(await login(server, { ...user, password }, from(HOME)));
  assert.equal((await change(fresh.accessToken, password)).status, 204);
});
