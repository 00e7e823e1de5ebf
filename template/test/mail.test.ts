import assert from 'node:assert/strict';
import dns from 'node:dns';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { createMailer } from '../src/mail/mailer.ts';
import { createUser, freshEmail, register } from './support/accounts.ts';
import { eventually } from './support/eventually.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startRegistry } from './support/registry.ts';
import { startServer } from './support/server.ts';
import { startMailServer, type Delivery } from './support/smtp.ts';

const MAIL = { to: 'person@example.com', subject: 'Subject', text: 'Text\n' };

const headersOf = ({ data }: Delivery): string[] =>
  (data.split('\r\n\r\n')[0] ?? '')
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line) => line.split(':')[0]?.toLowerCase() ?? '');

test('a line break in a subject or an address adds no header and no recipient', async (t) => {
  const { url, deliveries } = await startMailServer(t);
  const mailer = createMailer({ smtpUrl: url, mailFrom: 'no-reply@example.com' });
  await mailer.send(MAIL);
  const usual = deliveries[0] ? headersOf(deliveries[0]) : [];
  for (const attack of ['\r\nBcc: thief@example.com', '\nBcc: thief@example.com', '\r\n\r\nother text', '\r\nContent-Type: text/html']) {
    await mailer.send({ ...MAIL, subject: `Subject${attack}` });
    await mailer.send({ ...MAIL, to: `person@example.com${attack}` }).catch(() => undefined);
  }
  assert.ok(deliveries.length > 4);
  for (const delivery of deliveries) {
    assert.deepEqual(headersOf(delivery), usual);
    assert.equal(delivery.envelope.length, 2);
    assert.doesNotMatch(delivery.envelope.join(), /<thief@/);
    assert.doesNotMatch(delivery.data, /^(?:bcc:|other text)/im);
  }
});

test('a text that names a file or an address does not become their content', async (t) => {
  const { url, deliveries } = await startMailServer(t);
  const { url: page, requests } = await startRegistry(t);
  const mailer = createMailer({ smtpUrl: url, mailFrom: 'no-reply@example.com' });
  const file = fileURLToPath(new URL('../package.json', import.meta.url));
  for (const text of [{ path: file }, { path: page }, { href: page }])
    await mailer.send({ ...MAIL, text: text as unknown as string }).catch(() => undefined);
  assert.deepEqual(requests, []);
  for (const { data } of deliveries) assert.doesNotMatch(data, /"scripts"/);
});

test('a list of addresses in the place of one address adds no recipient', async (t) => {
  const { url, deliveries } = await startMailServer(t);
  const mailer = createMailer({ smtpUrl: url, mailFrom: 'no-reply@example.com' });
  for (const to of [
    'person@example.com, thief@example.com',
    'person@example.com; thief@example.com',
    'x <thief@example.com>',
    'group: thief@example.com;',
  ]) {
    await mailer.send({ ...MAIL, to }).catch(() => undefined);
  }
  for (const { envelope } of deliveries) assert.doesNotMatch(envelope.join(), /<thief@example\.com>/);
});

test('an address with a name, a second address or a line break gets 400, and no mail is sent', async (t) => {
  const server = await startServer(t);
  const refused = [
    'person@example.com\r\nBcc: thief@example.com',
    'person@example.com,thief@example.com',
    'person@example.com thief@example.com',
    '<person@example.com>',
    'Person <person@example.com>',
    'person@example.com\0',
    'person\u202e@example.com',
    'person@exämple.com',
    'person@[127.0.0.1]',
    'person@localhost',
    '@example.com',
    'person@',
    `${'x'.repeat(250)}@example.com`,
    '"a b"@example.com',
  ];
  for (const email of refused) {
    assertProblem(await register(server, email), 400, 'invalid-request');
    assert.equal((await server.request('POST', '/api/v1/auth/password/forgot', { body: { email } })).status, 400);
  }
  assert.deepEqual(server.mails, []);
});

test('a mail server without TLS receives neither password nor mail, unless it is on this machine', async (t) => {
  const { port, deliveries, commands } = await startMailServer(t);
  t.mock.method(dns.Resolver.prototype, 'resolve4', (_host: string, done: (error: null, addresses: string[]) => void) => {
    done(null, ['127.0.0.1']);
  });
  t.mock.method(dns.Resolver.prototype, 'resolve6', (_host: string, done: (error: null, addresses: string[]) => void) => {
    done(null, []);
  });
  const far = createMailer({ smtpUrl: `smtp://app:telltale@mail.example.com:${port}`, mailFrom: 'no-reply@example.com' });
  await assert.rejects(far.send(MAIL), /not accepted/);
  assert.ok(commands.length > 0, 'the server was reached');
  assert.doesNotMatch(commands.join('\n'), /AUTH|MAIL FROM|RCPT|DATA/i);
  assert.deepEqual(deliveries, []);
  await createMailer({ smtpUrl: `smtp://localhost:${port}`, mailFrom: 'no-reply@example.com' }).send(MAIL);
  assert.equal(deliveries.length, 1);
});

test('when the mail server is down, a registration still gets 202 and the log does not contain the address', async (t) => {
  const server = await startServer(t);
  const [email, disabled] = [freshEmail(), await createUser(server)];
  await server.services.database.updateTable('users').set({ disabled_at: 1 }).where('id', '=', disabled.id).execute();
  t.mock.method(server.services.mailer, 'send', () => Promise.reject(new Error('no connection')));
  const answers = [await register(server, email), await register(server, disabled.email)];
  // A disabled account gets no mail: an answer that waits for the mail would tell it from others.
  assertSameAnswers(answers);
  assert.equal(answers[0]?.status, 202);
  await eventually('the failure in the log', () => server.logs.find(({ event }) => event === 'mail_not_accepted'));
  assert.ok(!JSON.stringify(server.logs).includes(email));
});
