import assert from 'node:assert/strict';
import test from 'node:test';
import { createTokenMails } from '../src/auth/token-mail.ts';
import { createUser, freshEmail, login, mailsSettled, mailTo, register, tokenIn, verifyEmail } from './support/accounts.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const LIMIT = 2;
/** The test is the trusted proxy, so it can send requests from any address. */
const BEHIND_PROXY = { LOGIN_LIMIT_MAX: String(LIMIT), TRUSTED_PROXIES: '127.0.0.1' };
const OWNER = '192.0.2.1';
const NEW_PASSWORD = 'seventeen kites over harbour';

const from = (ip: string) => ({ 'X-Forwarded-For': ip });

const forgot = (server: TestServer, email: string, headers: Record<string, string> = {}) =>
  server.request('POST', '/api/v1/auth/password/forgot', { body: { email }, headers });

const reset = (server: TestServer, token: string) =>
  server.request('POST', '/api/v1/auth/password/reset', { body: { token, password: NEW_PASSWORD } });

const mailsTo = (server: TestServer, email: string) => server.mails.filter(({ to }) => to === email);

test('a mailed token still works after strangers asked for more mails', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  await forgot(server, user.email, from(OWNER));
  const token = tokenIn(await mailTo(server, user.email));
  for (let mail = 1; mail <= 2; mail += 1) {
    await forgot(server, user.email, from(`198.51.100.${mail}`));
    server.clock.advance(5 * MINUTE_MS + 1000);
    await forgot(server, user.email, from(`198.51.100.${mail}`));
    await mailTo(server, user.email, mail + 1);
  }
  assert.equal((await reset(server, token)).status, 204);
});

test('a registration with the address of an account does not delay the mail to reset its password', async (t) => {
  const server = await startServer(t);
  const { email } = await createUser(server);
  await register(server, email);
  await mailsSettled(server);
  await forgot(server, email);
  await mailsSettled(server);
  assert.equal(mailsTo(server, email).length, 2);
});

test('while strangers request resets from 40 addresses, mails keep coming and the newest token works', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const user = await createUser(server);
  const flood = async () => {
    for (let network = 1; network <= 40; network += 1) await forgot(server, user.email, from(`198.51.100.${network}`));
  };
  for (let mail = 1; mail <= 4; mail += 1) {
    await flood();
    await mailsSettled(server);
    assert.equal(mailsTo(server, user.email).length, mail);
    if (mail < 4) server.clock.advance(mail < 3 ? 5 * MINUTE_MS : 15 * MINUTE_MS);
  }
  // Just before the pause is over, the owner gets no mail of their own.
  server.clock.advance(14 * MINUTE_MS);
  await forgot(server, user.email, from(OWNER));
  await mailsSettled(server);
  assert.equal(mailsTo(server, user.email).length, 4);
  assert.equal((await reset(server, tokenIn(await mailTo(server, user.email, 4)))).status, 204);
  assert.equal((await login(server, { email: user.email, password: NEW_PASSWORD })).status, 200);
});

test('an owner can register while strangers register the address and 20 plus-tagged spellings', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const name = freshEmail().split('@', 1).join();
  const email = `${name}@example.com`;
  for (let network = 1; network <= 20; network += 1)
    await register(server, `${name}+${network}@example.com`, from(`198.51.100.${network}`));
  // Work after a response can overtake other work: wait until the strangers' mails are sent.
  await mailsSettled(server);
  await register(server, email, from(OWNER));
  for (let network = 1; network <= 20; network += 1) await register(server, email, from(`198.51.100.${network}`));
  await mailsSettled(server);
  assert.equal(mailsTo(server, email).length, 1);
  assert.equal((await verifyEmail(server, tokenIn(await mailTo(server, email)))).status, 204);
});

test('30 plus-tagged spellings of one mailbox get one mail together in five minutes', async (t) => {
  const server = await startServer(t, { ...BEHIND_PROXY, LOGIN_LIMIT_MAX: '1000' });
  const name = freshEmail().split('@', 1).join();
  const isTagged = ({ to }: { to: string }) => to.startsWith(`${name}+`);
  for (let tag = 1; tag <= 30; tag += 1) await register(server, `${name}+${tag}@example.com`);
  await mailsSettled(server);
  assert.equal(server.mails.filter(isTagged).length, 1);
  server.clock.advance(5 * MINUTE_MS);
  for (let tag = 31; tag <= 60; tag += 1) await register(server, `${name}+${tag}@example.com`);
  await mailsSettled(server);
  assert.equal(server.mails.filter(isTagged).length, 2);
});

for (const [purpose, perHour, perDay] of [
  ['reset-password', 6, 98],
  ['verify-email', 3, 26],
] as const) {
  test(`requests every five minutes send ${perHour} ${purpose} mails to one mailbox in the first hour and ${perDay} in a day`, async (t) => {
    const { services } = await startServer(t);
    const start = services.clock();
    const mails: number[] = [];
    for (let minute = 0; minute < 24 * 60; minute += 5) {
      const request = { email: 'person@example.com', purpose, now: start + minute * MINUTE_MS };
      const issued = await services.database
        .transaction()
        .execute((transaction) => createTokenMails(services.database).issueWhenDue(transaction, request));
      if (issued) mails.push(minute);
    }
    assert.equal(mails.filter((minute) => minute < 60).length, perHour, mails.join());
    assert.equal(mails.length, perDay);
  });
}

test('ten parallel requests for one mailbox issue one token', async (t) => {
  const { services } = await startServer(t);
  // The first round opens the database connections; in the later rounds ten transactions run in parallel.
  for (let round = 0; round < 6; round += 1) {
    const request = { email: `person-${round}@example.com`, purpose: 'verify-email', now: services.clock() } as const;
    const work = () =>
      services.database.transaction().execute((transaction) => createTokenMails(services.database).issueWhenDue(transaction, request));
    const issued = await Promise.all(Array.from({ length: 10 }, work));
    assert.equal(issued.filter((token) => token !== undefined).length, 1);
  }
});

test('requests for a mail get the same response whether or not a mail is sent', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const { email } = await createUser(server);
  const answers = [];
  for (let time = 0; time < 2 * LIMIT; time += 1) answers.push(await forgot(server, email), await forgot(server, freshEmail()));
  assertSameAnswers(answers);
  await mailsSettled(server);
  assert.equal(mailsTo(server, email).length, 1);
});

test('a client that requests mails to many addresses gets 429 for at most 15 minutes', async (t) => {
  const server = await startServer(t, BEHIND_PROXY);
  const statuses: number[] = [];
  for (let request = 0; request < 6 * LIMIT; request += 1) statuses.push((await register(server, freshEmail(), from(OWNER))).status);
  assert.deepEqual(
    statuses,
    statuses.map((_, index) => (index < 5 * LIMIT ? 202 : 429)),
  );
  const refused = await register(server, freshEmail(), from(OWNER));
  assertProblem(refused, 429, 'too-many-requests');
  assert.ok(Number(refused.headers.get('retry-after')) <= 15 * 60);
  assert.equal((await forgot(server, freshEmail(), from(OWNER))).status, 202);
  assert.equal((await register(server, freshEmail(), from('198.51.100.1'))).status, 202);
  server.clock.advance(15 * MINUTE_MS + 1000);
  assert.equal((await register(server, freshEmail(), from(OWNER))).status, 202);
});

test('rows of unused registrations are deleted after a day', async (t) => {
  const server = await startServer(t);
  const rows = () => server.services.database.selectFrom('one_time_tokens').select('email').execute();
  for (let request = 0; request < 29; request += 1) await register(server, freshEmail());
  await mailsSettled(server);
  assert.equal((await rows()).length, 30);
  server.clock.advance(DAY_MS);
  await server.upkeep();
  assert.equal((await rows()).length, 0);
  assert.deepEqual(await server.services.database.selectFrom('users').select('id').execute(), []);
});
