import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import { HASHING_LIMITS } from '../src/crypto/password-hasher.ts';
import {
  createUser,
  freshEmail,
  login,
  mailTo,
  PASSWORD,
  register,
  tokenIn,
  tokensOf,
  verifyEmail,
  type Answer,
} from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';
import { OWN_PAGE } from './support/strategy.ts';

const { maxRunning: RUNNING, maxQueued: WAITING, maxPerCaller: PLACES, maxWaitMs: WAIT_MS } = HASHING_LIMITS;
const BEHIND_PROXY = { TRUSTED_PROXIES: '127.0.0.1' };

const address = (index: number) => `198.18.${index >> 8}.${index & 255}`;
const from = (ip: string) => ({ 'X-Forwarded-For': ip });
const tryFrom = (server: TestServer, ip: string) => login(server, { email: freshEmail(), password: PASSWORD }, from(ip));

/** Makes every password comparison wait until it is released, and counts those that have begun. */
function holdComparisons(t: TestContext) {
  const held: (() => void)[] = [];
  const compare = t.mock.method(bcrypt, 'compare', () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    held.push(() => {
      resolve(false);
    });
    return promise;
  });
  const letGoOne = () => held.shift()?.();
  return {
    begun: () => compare.mock.callCount(),
    letGoOne,
    letGo: () => {
      compare.mock.restore();
      while (held.length > 0) letGoOne();
    },
  };
}

/**
 * Waits until something has happened, at most eight seconds, and 100 ms more for other work. If it did not happen, the
 * next assertion fails. It uses no timers, because they may be mocked.
 */
async function settled(happened: () => boolean = () => true): Promise<void> {
  for (const end = performance.now() + 8000; !happened() && performance.now() < end;) await turn();
  for (const end = performance.now() + 100; performance.now() < end;) await turn();
}

/** The responses so far; more are added as they arrive. */
function collect(asked: readonly Promise<Answer>[]): Answer[] {
  const answers: Answer[] = [];
  for (const one of asked) void one.then((answer) => answers.push(answer));
  return answers;
}

test('logins beyond the hashing queue get 503, and other requests are answered meanwhile', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const hold = holdComparisons(t);
  const flood = RUNNING + WAITING + 33;
  const logins = Array.from({ length: flood }, (_, index) => tryFrom(server, address(index)));
  const answered = collect(logins);
  const refused = flood - RUNNING - WAITING;
  await settled(() => answered.length >= refused);
  assert.deepEqual(
    answered.map(({ status }) => status),
    Array.from({ length: refused }, () => 503),
  );
  assert.equal(hold.begun(), RUNNING);
  assert.equal((await server.request('GET', '/healthz')).status, 200);
  assert.equal((await server.request('GET', '/api/v1/me')).status, 401);

  hold.letGo();
  const answers = await Promise.all(logins);
  const shed = answers.filter(({ status }) => status === 503);
  assert.equal(shed.length, refused);
  assert.equal(answers.filter(({ status }) => status === 401).length, RUNNING + WAITING);
  for (const answer of shed) {
    assertProblem(answer, 503, 'overloaded');
    assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  }
});

test('one address holds at most four places in the hashing queue, and another address can still sign in', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const victim = await createUser(server);
  for (const networks of [['198.51.100.7'], ['2001:db8:0:ab01::1', '2001:db8:0:ab02::2', '2001:db8:0:abff::3']]) {
    const hold = holdComparisons(t);
    const flood = Array.from({ length: 80 }, (_, index) => tryFrom(server, networks[index % networks.length] ?? ''));
    const answered = collect(flood);
    await settled(() => answered.length >= 80 - PLACES);
    assert.equal(answered.length, 80 - PLACES);
    for (const answer of answered) assertProblem(answer, 503, 'overloaded');
    const asked = login(server, victim, from('203.0.113.9'));
    hold.letGo();
    tokensOf(await asked);
    await Promise.all(flood);
  }
});

test('addresses take turns in the hashing queue: a single login does not wait for all logins of the others', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const hold = holdComparisons(t);
  const attackers = ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4'];
  const flood = attackers.flatMap((ip) => Array.from({ length: PLACES }, () => tryFrom(server, ip)));
  await settled(() => hold.begun() === RUNNING);
  // One more login of each address: its 503 shows that the others are in the queue.
  const tooMany = collect(attackers.map((ip) => tryFrom(server, ip)));
  await settled(() => tooMany.length === attackers.length);
  const victim = tryFrom(server, '203.0.113.9');
  const answered = collect([victim]);
  await settled();
  let turns = 0;
  for (; answered.length === 0 && turns < flood.length; turns += 1) {
    hold.letGoOne();
    await settled();
  }
  assert.ok(turns < flood.length - RUNNING, `the victim was served after ${turns} of ${flood.length}`);
  hold.letGo();
  await Promise.all([...flood, victim]);
});

test('logins refused by the full queue are not counted: after twelve of them the right password gets 200', async (t) => {
  const server = await startServer(t, { ...BEHIND_PROXY, LOGIN_LIMIT_MAX: '10' });
  const victim = await createUser(server);
  const hold = holdComparisons(t);
  const crowd = Array.from({ length: RUNNING + WAITING + 1 }, (_, index) => tryFrom(server, address(index)));
  const answered = collect(crowd);
  await settled(() => answered.length > 0);
  const refused = [];
  for (let time = 0; time < 12; time += 1) refused.push(await login(server, victim, from('203.0.113.9')));
  hold.letGo();
  await Promise.all(crowd);
  tokensOf(await login(server, victim, from('203.0.113.9')));
  for (const answer of refused) assertProblem(answer, 503, 'overloaded');
});

test('a client that disconnects leaves the hashing queue, and its password is not hashed', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const hold = holdComparisons(t);
  const working = Array.from({ length: RUNNING }, (_, index) => tryFrom(server, address(index)));
  await settled(() => hold.begun() === RUNNING);
  const leaving = new AbortController();
  const statuses: number[] = [];
  const left = Array.from({ length: PLACES + 1 }, async () => {
    const answer = await fetch(`${server.url}/api/v1/auth/login`, {
      method: 'POST',
      signal: leaving.signal,
      headers: { 'Content-Type': 'application/json', ...OWN_PAGE, ...from('203.0.113.9') },
      body: JSON.stringify({ email: freshEmail(), password: PASSWORD }),
    });
    statuses.push(answer.status);
  });
  await settled(() => statuses.length > 0);
  assert.deepEqual(statuses, [503]);
  leaving.abort();
  await Promise.allSettled(left);
  await settled(() => server.logs.filter(({ event, complete }) => event === 'http_request' && complete === false).length === PLACES);
  for (let time = 0; time < RUNNING; time += 1) hold.letGoOne();
  await Promise.all(working);
  await settled();
  assert.equal(hold.begun(), RUNNING);
});

test('a login that waits ten seconds in the hashing queue gets 503, and its place is free', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const hold = holdComparisons(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const flood = Array.from({ length: PLACES + 1 }, () => tryFrom(server, '198.51.100.7'));
  const answered = collect(flood);
  await settled(() => answered.length > 0);
  t.mock.timers.tick(WAIT_MS - 1);
  await settled();
  assert.equal(answered.length, 1);
  t.mock.timers.tick(1);
  await settled(() => answered.length > 1);
  const [, late] = answered;
  assert.ok(late, 'the login still waits');
  t.mock.timers.reset();
  assertProblem(late, 503, 'overloaded');
  const next = tryFrom(server, '198.51.100.7');
  hold.letGo();
  assert.equal((await next).status, 401);
  await Promise.all(flood);
});

test('a hash that fails gets 500 and frees its place in the queue', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const failing = t.mock.method(bcrypt, 'compare', () => Promise.reject(new Error('out of memory')));
  const statuses = [];
  for (let time = 0; time < PLACES + 1; time += 1) {
    statuses.push((await login(server, { email: freshEmail(), password: PASSWORD })).status);
  }
  failing.mock.restore();
  tokensOf(await login(server, user));
  assert.deepEqual(
    statuses,
    Array.from({ length: PLACES + 1 }, () => 500),
  );
});

test('setting a password with a mailed token gets 503 when logins fill the hashing queue', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const email = freshEmail();
  await register(server, email);
  const token = tokenIn(await mailTo(server, email));
  const hold = holdComparisons(t);
  const hash = t.mock.method(bcrypt, 'hash');
  const logins = Array.from({ length: RUNNING + WAITING + 1 }, (_, index) => tryFrom(server, address(index)));
  const answered = collect(logins);
  await settled(() => answered.length > 0);
  assertProblem(await verifyEmail(server, token), 503, 'overloaded');
  assert.equal(hash.mock.callCount(), 0);
  hold.letGo();
  await Promise.all(logins);
  assert.equal((await verifyEmail(server, token)).status, 204);
  assert.equal(hash.mock.callCount(), 1);
});
