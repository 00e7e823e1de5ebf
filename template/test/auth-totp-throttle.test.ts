import assert from 'node:assert/strict';
import test from 'node:test';
import { BEHIND_PROXY, createUser, fromAddress, login, PASSWORD, tokenIn } from './support/accounts.ts';
import { eventually } from './support/eventually.ts';
import { codeOf, enrolFactor, pendingTokenIn, requestFactor, sendCode, STEP_MS, wrongCode, type Enrolled } from './support/factors.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type Answer, type Mail, type TestServer } from './support/server.ts';

/** Each address is in a network of its own. */
const fromNetwork = (index: number) => ({ 'X-Forwarded-For': `203.0.${index}.1` });

/** The owner has signed in from the address of the tests. */
async function enrolled(server: TestServer): Promise<Enrolled> {
  const account = await enrolFactor(server, await createUser(server));
  server.clock.advance(3 * STEP_MS);
  return account;
}

async function guess(server: TestServer, account: Enrolled, headers: Readonly<Record<string, string>>, code?: string): Promise<Answer> {
  const token = pendingTokenIn(await login(server, account, headers));
  return sendCode(server, token, code ?? wrongCode(server, account.secret), headers);
}

/** 100 wrong codes from ten networks. */
async function guessToTheLimit(server: TestServer, account: Enrolled): Promise<void> {
  for (let index = 0; index < 100; index += 1) assertProblem(await guess(server, account, fromNetwork(index % 10)), 401, 'invalid-code');
}

test('an address with the right password gets 429 after as many wrong codes as wrong passwords, with new tokens too', async (t) => {
  const server = await startServer(t, { ...BEHIND_PROXY, LOGIN_LIMIT_MAX: '10' });
  const account = await enrolled(server);
  for (let index = 0; index < 10; index += 1) assertProblem(await guess(server, account, fromAddress(1)), 401, 'invalid-code');
  const token = pendingTokenIn(await login(server, account, fromAddress(1)));
  const answer = await sendCode(server, token, codeOf(server, account.secret), fromAddress(1));
  assertProblem(answer, 429, 'too-many-requests');
  assert.equal((await guess(server, account, fromAddress(2), codeOf(server, account.secret))).status, 200);
});

test('after 100 wrong codes from new networks the right code is refused there, and the owner signs in from a known one', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const account = await enrolled(server);
  await guessToTheLimit(server, account);
  const unknown = await guess(server, account, fromNetwork(50), codeOf(server, account.secret));
  assertProblem(unknown, 401, 'invalid-code');
  assert.equal((await guess(server, account, {}, codeOf(server, account.secret))).status, 200);
});

test('a reset by mail does not give an attacker in the mailbox more guesses', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const account = await enrolled(server);
  await guessToTheLimit(server, account);
  await server.request('POST', '/api/v1/auth/password/forgot', { body: { email: account.email } });
  const isReset = ({ to, text }: Mail) => to === account.email && text.includes('#token=');
  const token = tokenIn(await eventually('the mail with a token', () => server.mails.find(isReset)));
  const password = `${PASSWORD} 2`;
  const reset = { body: { token, password }, headers: fromNetwork(51) };
  assert.equal((await server.request('POST', '/api/v1/auth/password/reset', reset)).status, 204);
  const attempt = await guess(server, { ...account, password }, fromNetwork(51), codeOf(server, account.secret));
  assertProblem(attempt, 401, 'invalid-code');
});

test('guesses of codes at the removal are counted with those at the login', async (t) => {
  const server = await startServer(t, { ...BEHIND_PROXY, LOGIN_LIMIT_MAX: '10' });
  const account = await enrolled(server);
  const removal = () => requestFactor(server, account, '/removal', { password: PASSWORD, code: wrongCode(server, account.secret) });
  for (let index = 0; index < 10; index += 1) assertProblem(await removal(), 401, 'invalid-code');
  const token = pendingTokenIn(await login(server, account));
  assertProblem(await sendCode(server, token, codeOf(server, account.secret)), 429, 'too-many-requests');
});

test('a right code sets the count of wrong ones to zero', async (t) => {
  const server = await startServer(t, { ...BEHIND_PROXY, LOGIN_LIMIT_MAX: '5' });
  const account = await enrolled(server);
  const signedIn: boolean[] = [];
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 4; index += 1) await guess(server, account, fromAddress(1));
    const { status } = await guess(server, account, fromAddress(1), codeOf(server, account.secret));
    signedIn.push(status === 200);
    server.clock.advance(2 * STEP_MS);
  }
  assert.deepEqual(signedIn, [true, true]);
});
