import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DefaultQueryExecutor } from 'kysely';
import { createOutbox } from '../src/auth/outbox.ts';
import { createTokenDerivation } from '../src/crypto/opaque-token.ts';
import { createMailer } from '../src/mail/mailer.ts';
import { createUser, freshEmail, login, mailTo, PASSWORD, register, verifyEmail, type Answer } from './support/accounts.ts';
import { eventually } from './support/eventually.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { exampleSettings, startProgram } from './support/program.ts';
import { startServer, type Mail, type TestServer } from './support/server.ts';
import { OWN_PAGE, SECRET } from './support/strategy.ts';
import { startMailServer, type Delivery, type MailServer } from './support/smtp.ts';

const MINUTE_MS = 60_000;
/** A process that was killed during the upkeep, or while it sent the mail, holds the lock or the mail for a minute. */
const AFTER_A_KILL_MS = 3 * MINUTE_MS;
const NEW_PASSWORD = 'seventeen kites over harbour';

/** A server that sends its mails to a real mail server. */
async function startWithMailServer(t: TestContext, settings: Record<string, string> = {}): Promise<[TestServer, MailServer]> {
  const [server, mailServer] = [await startServer(t, settings), await startMailServer(t)];
  sendWith(t, server, mailServer);
  return [server, mailServer];
}

function sendWith(t: TestContext, { services }: TestServer, { url }: MailServer): void {
  const mailer = createMailer({ smtpUrl: url, mailFrom: 'no-reply@example.com' });
  t.mock.method(services.mailer, 'send', (mail: Mail) => mailer.send(mail));
}

const forgot = (server: TestServer, email: string): Promise<Answer> =>
  server.request('POST', '/api/v1/auth/password/forgot', { body: { email } });

const reset = (server: TestServer, token: string): Promise<Answer> =>
  server.request('POST', '/api/v1/auth/password/reset', { body: { token, password: NEW_PASSWORD } });

const waiting = ({ services: { database } }: TestServer) => database.selectFrom('outbox').selectAll().execute();

const failures = ({ logs }: TestServer, event = 'mail_not_accepted') => logs.filter((line) => line.event === event);

const deliveriesTo = ({ deliveries }: MailServer, email: string): Delivery[] =>
  deliveries.filter(({ envelope }) => envelope.join().includes(`<${email}>`));

/** The token in the text of a mail as it was sent, with soft line breaks (quoted-printable) removed. */
const tokenOf = ({ data }: Delivery): string => /token: ([\w-]{43})/.exec(data.replaceAll('=\r\n', ''))?.[1] ?? '';

/** Lets minutes pass, with an upkeep in each. */
async function pass(server: TestServer, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    server.clock.advance(MINUTE_MS);
    await server.upkeep();
  }
}

test('a mail that was promised before kill -9 is sent after the next start, and its token works', async (t) => {
  const mailServer = await startMailServer(t);
  const settings = { ...(await exampleSettings(t)), SMTP_URL: mailServer.url };
  const first = startProgram(t, settings);
  const email = freshEmail();
  const ask = async (port: number, path: string, body: object): Promise<number> => {
    const headers = { 'Content-Type': 'application/json', ...OWN_PAGE };
    return (await fetch(`http://127.0.0.1:${port}/api/v1/auth/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
  };
  assert.equal(await ask((await first.listening).port, 'register', { email }), 202);
  first.kill('SIGKILL');
  await first.ended;
  const second = startProgram(t, settings);
  const { port } = await second.listening;
  const mail = await eventually('the mail', () => deliveriesTo(mailServer, email)[0], AFTER_A_KILL_MS);
  assert.equal(await ask(port, 'verify-email', { token: tokenOf(mail), password: PASSWORD }), 204);
});

test('every mail is stored before the response, also the one about a changed password', async (t) => {
  const [server, mailServer] = await startWithMailServer(t);
  mailServer.isDown = true;
  const [user, unknown] = [await createUser(server), freshEmail()];
  await register(server, unknown);
  await forgot(server, user.email);
  const body = { currentPassword: user.password, newPassword: NEW_PASSWORD };
  await server.request('POST', '/api/v1/auth/password/change', { token: user.tokens.accessToken, body });
  const rows = await waiting(server);
  assert.deepEqual(
    rows.map(({ kind, email }) => [kind, email]).sort(),
    [
      ['password-changed', user.email],
      ['reset-password', user.email],
      ['verify-email', unknown],
    ].sort(),
  );
});

test('a reset mail arrives after the mail server was down for half an hour, once, and its token works', async (t) => {
  const [server, mailServer] = await startWithMailServer(t);
  const user = await createUser(server);
  mailServer.isDown = true;
  await forgot(server, user.email);
  await eventually('the first try', () => failures(server)[0]);
  await pass(server, 30);
  assert.deepEqual(mailServer.deliveries, []);
  mailServer.isDown = false;
  await pass(server, 12);
  const [mail, ...others] = deliveriesTo(mailServer, user.email);
  assert.ok(mail);
  assert.deepEqual(others, []);
  assert.deepEqual(await waiting(server), []);
  assert.equal((await reset(server, tokenOf(mail))).status, 204);
});

test('a mail that was tried before the secret was rotated arrives afterwards, and its token works', async (t) => {
  const [first, second] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')];
  const [before, mailServer] = await startWithMailServer(t, { [SECRET]: first });
  const user = await createUser(before);
  mailServer.isDown = true;
  await forgot(before, user.email);
  await eventually('the first try', () => failures(before)[0]);
  const { databaseUrl } = before.services.config;
  const after = await startServer(t, { DATABASE_URL: databaseUrl, [SECRET]: second, [`${SECRET}_PREVIOUS`]: first });
  sendWith(t, after, mailServer);
  mailServer.isDown = false;
  await pass(after, 12);
  const [mail] = deliveriesTo(mailServer, user.email);
  assert.ok(mail);
  assert.equal((await reset(after, tokenOf(mail))).status, 204);
});

test('a mail that is never accepted is tried ten times and given up, and the log contains neither address nor token', async (t) => {
  const [server, mailServer] = await startWithMailServer(t);
  const email = freshEmail();
  mailServer.isDown = true;
  await register(server, email);
  await eventually('the first try', () => failures(server)[0]);
  const [row] = await waiting(server);
  await pass(server, 90);
  assert.equal(failures(server).length, 10);
  assert.equal(failures(server, 'mail_given_up').length, 1);
  assert.deepEqual(await waiting(server), []);
  const log = JSON.stringify([...failures(server), ...failures(server, 'mail_given_up')]);
  for (const secret of [email, row?.id ?? email]) assert.ok(!log.includes(secret));
});

test('a mail of a newer version waits for that version, while others are sent', async (t) => {
  const [server, mailServer] = await startWithMailServer(t);
  const [kind, newer, known] = ['of-a-newer-version', freshEmail(), freshEmail()];
  const mails = [
    { id: randomUUID(), kind, email: newer, tries: 0, due_at: 1 },
    { id: randomUUID(), kind: 'password-changed', email: known, tries: 0, due_at: 2 },
  ];
  await server.services.database.insertInto('outbox').values(mails).execute();
  await pass(server, 5);
  assert.equal(deliveriesTo(mailServer, known).length, 1);
  assert.equal(deliveriesTo(mailServer, newer).length, 0);
  assert.deepEqual(
    (await waiting(server)).map((mail) => mail.kind),
    [kind],
  );
  await pass(server, 90);
  assert.deepEqual(await waiting(server), []);
  assert.equal(failures(server, 'mail_given_up').length, 1);
});

test('two processes send each mail once', async (t) => {
  const [server, mailServer] = await startWithMailServer(t);
  const second = await startServer(t, { DATABASE_URL: server.services.config.databaseUrl });
  sendWith(t, second, mailServer);
  const emails = Array.from({ length: 15 }, () => freshEmail());
  const rows = emails.map((email) => ({ id: randomUUID(), kind: 'password-changed', email, tries: 0, due_at: 1 }) as const);
  await server.services.database.insertInto('outbox').values(rows).execute();
  const upkeep = { database: server.services.database, now: server.clock.now(), pause: () => Promise.resolve() };
  // Without the lock of the upkeep, as when a process is slow and another one takes over.
  await Promise.all([server, second].map(({ services }) => createOutbox(services).upkeep.run(upkeep)));
  for (const email of emails) assert.equal(deliveriesTo(mailServer, email).length, 1);
  assert.deepEqual(await waiting(server), []);
});

test('whoever reads the database and stole the previous secret cannot make the token of a waiting mail', async (t) => {
  const stolen = randomBytes(32);
  const [server, mailServer] = await startWithMailServer(t, { [`${SECRET}_PREVIOUS`]: stolen.toString('base64url') });
  const email = freshEmail();
  mailServer.isDown = true;
  await register(server, email);
  await eventually('the first try', () => failures(server)[0]);
  const [row] = await waiting(server);
  const tokens = await server.services.database.selectFrom('one_time_tokens').selectAll().execute();
  const stolenKey = createTokenDerivation(stolen, 'mailed-token');
  for (const guess of [stolenKey(row?.id ?? ''), row?.id ?? '', tokens[0]?.token_hash ?? ''])
    assertProblem(await verifyEmail(server, guess), 400, 'invalid-token');
  mailServer.isDown = false;
  await pass(server, 2);
  const [mail] = deliveriesTo(mailServer, email);
  assert.ok(mail && !JSON.stringify([row, tokens]).includes(tokenOf(mail)));
  assert.equal((await verifyEmail(server, tokenOf(mail))).status, 204);
});

test('a waiting mail is not sent when its token has ended meanwhile', async (t) => {
  const [server, mailServer] = await startWithMailServer(t);
  const user = await createUser(server);
  await forgot(server, user.email);
  const first = await eventually('the first mail', () => deliveriesTo(mailServer, user.email)[0]);
  server.clock.advance(6 * MINUTE_MS);
  mailServer.isDown = true;
  await forgot(server, user.email);
  await eventually('the first try', () => failures(server)[0]);
  assert.equal((await reset(server, tokenOf(first))).status, 204);
  await eventually('the try to tell the owner', () => failures(server)[1]);
  mailServer.isDown = false;
  await pass(server, 2);
  const [, ...later] = deliveriesTo(mailServer, user.email);
  assert.deepEqual(
    later.map((mail) => tokenOf(mail)),
    [''],
  );
  assert.deepEqual(await waiting(server), []);
});

test('a mail request causes the same statements for an address with and without an account', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const executor = DefaultQueryExecutor.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on an executor below
  const execute = executor.executeQuery;
  let statements: string[] = [];
  t.mock.method(executor, 'executeQuery', function record(this: DefaultQueryExecutor, query: Parameters<typeof execute>[0]) {
    statements.push(query.sql);
    return execute.call(this, query);
  });
  const seen: string[][] = [];
  for (const email of [user.email, freshEmail()]) {
    statements = [];
    await forgot(server, email);
    await eventually('the work for the mail', () => (statements.some((sql) => sql.startsWith('delete from "outbox"')) ? true : undefined));
    await delay(50);
    seen.push(statements);
  }
  assert.deepEqual(seen[0], seen[1]);
  assert.equal((await mailTo(server, user.email)).to, user.email);
});

test('when 10,000 mails wait, a request for a mail gets 503 for every address, and a password can still be changed', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const { database } = server.services;
  const row = { kind: 'verify-email', email: 'person@example.com', tries: 1, due_at: server.clock.now() + MINUTE_MS } as const;
  for (let at = 0; at < 10; at += 1)
    await database
      .insertInto('outbox')
      .values(Array.from({ length: 1000 }, () => ({ ...row, id: randomUUID() })))
      .execute();
  const answers = [await forgot(server, user.email), await forgot(server, freshEmail())];
  assertSameAnswers(answers);
  for (const answer of answers) assertProblem(answer, 503, 'overloaded');
  const body = { currentPassword: user.password, newPassword: NEW_PASSWORD };
  const change = await server.request('POST', '/api/v1/auth/password/change', { token: user.tokens.accessToken, body });
  assert.equal(change.status, 204);
  assert.equal((await login(server, { email: user.email, password: NEW_PASSWORD })).status, 200);
  await database.deleteFrom('outbox').where('tries', '=', 1).execute();
  assert.equal((await forgot(server, user.email)).status, 202);
});

test('at most five mails about changed passwords wait for one address', async (t) => {
  const server = await startServer(t);
  const outbox = createOutbox(server.services);
  const mail = { kind: 'password-changed', email: freshEmail() } as const;
  await server.services.database.transaction().execute(async (transaction) => {
    for (let change = 0; change < 8; change += 1) await outbox.notify(transaction, mail);
  });
  assert.equal((await waiting(server)).length, 5);
});
