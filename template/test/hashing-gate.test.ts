import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import bcrypt from 'bcrypt';
import { freshEmail, login, mailTo, PASSWORD, register, tokenIn, verifyEmail } from './support/accounts.ts';
import { eventually } from './support/eventually.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';

const RUNNING = 3;
const WAITING = 64;

/** Holds every password comparison until it is let go, and counts those that run. */
function holdComparisons(t: TestContext) {
  const release = Promise.withResolvers<boolean>();
  const compare = t.mock.method(bcrypt, 'compare', () => release.promise);
  return { running: () => compare.mock.callCount(), letGo: () => { release.resolve(false); } };
}

test('a flood of logins hashes only a few at once, is refused beyond the queue, and leaves the rest of the service alone', async (t) => {
  const server = await startServer(t);
  const hold = holdComparisons(t);
  const flood = 100;
  const answered: number[] = [];
  const logins = Array.from({ length: flood }, async () => {
    const answer = await login(server, { email: freshEmail(), password: PASSWORD });
    answered.push(answer.status);
    return answer;
  });
  const refused = flood - RUNNING - WAITING;
  await eventually('the refusals', () => (answered.length >= refused ? true : undefined));
  assert.deepEqual(answered, Array.from({ length: refused }, () => 503));
  assert.equal(hold.running(), RUNNING);
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

test('a place in the queue is free again after a hash that failed', async (t) => {
  const server = await startServer(t);
  const failing = t.mock.method(bcrypt, 'compare', () => Promise.reject(new Error('out of memory')));
  for (let time = 0; time < RUNNING + 1; time += 1) {
    assert.equal((await login(server, { email: freshEmail(), password: PASSWORD })).status, 500);
  }
  failing.mock.restore();
  assert.equal((await login(server, { email: freshEmail(), password: PASSWORD })).status, 401);
});

test('a password that is set with a mailed token stands in the same queue as logins', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  await register(server, email);
  const token = tokenIn(await mailTo(server, email));
  const hold = holdComparisons(t);
  const hash = t.mock.method(bcrypt, 'hash');
  let answered = 0;
  const logins = Array.from({ length: RUNNING + WAITING + 1 }, async () => {
    await login(server, { email: freshEmail(), password: PASSWORD });
    answered += 1;
  });
  await eventually('a full queue', () => (answered > 0 ? true : undefined));
  assertProblem(await verifyEmail(server, token), 503, 'overloaded');
  assert.equal(hash.mock.callCount(), 0);
  hold.letGo();
  await Promise.all(logins);
  assert.equal((await verifyEmail(server, token)).status, 204);
  assert.equal(hash.mock.callCount(), 1);
});
