import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import { createTokenMails } from '../src/auth/token-mail.ts';
import { createUser, freshEmail, login, PASSWORD, tokensOf } from './support/accounts.ts';
import { startServer, type TestServer } from './support/server.ts';

/** The tests below measure each number of this document with real requests and a clock that is put forward. */
const DOCUMENT = readFileSync(new URL('../docs/security.md', import.meta.url), 'utf8');
const WRONG = `${PASSWORD}?`;
const UNITS = new Map([
  ['second', 1000],
  ['minute', 60_000],
  ['day', 86_400_000],
]);
const DAY_MS = 86_400_000;

/** The settings for which the document states its numbers; the project may use others. */
const SETTINGS: Record<string, string> = Object.fromEntries(
  [...DOCUMENT.matchAll(/`([A-Z_]+)=(\d+)`/g)].map(([, name = '', value = '']) => [name, value]),
);
const LIMIT = Number(SETTINGS['LOGIN_LIMIT_MAX']);
/** Password limits grow with LOGIN_LIMIT_MAX, so attacks of a whole day use the smallest value. */
const SMALL = { TRUSTED_PROXIES: '127.0.0.1', LOGIN_LIMIT_MAX: '1' };
const AS_DOCUMENTED = { TRUSTED_PROXIES: '127.0.0.1', LOGIN_LIMIT_MAX: String(LIMIT) };

const compared = new Set<string>();

/** The cells of one row, without its name. */
function row(name: string): string[] {
  const line = DOCUMENT.split('\n').find((text) => text.startsWith(`| ${name} |`));
  assert.ok(line, `docs/security.md has no row "${name}"`);
  compared.add(name);
  return line
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim());
}

const number = (cell = '') => Number(cell.replaceAll(',', ''));

/** Limit and window of a row in the first table. */
function limitOf(name: string): { limit: number; windowMs: number } {
  const [, limit, window = ''] = row(name);
  const [, count, unit = ''] = /^(\d+) (\w+?)s?$/.exec(window) ?? [];
  return { limit: number(limit), windowMs: Number(count) * (UNITS.get(unit) ?? NaN) };
}

/** The numbers for one day with 1, 10 and 1,000 addresses. */
const dayOf = (name: string) => row(name).map(number);

const from = (ip: string) => ({ 'X-Forwarded-For': ip });
/** An address; each index is in another network. */
const network = (index: number) => `10.${Math.floor(index / 250)}.${index % 250}.9`;

/** Counts the guesses that were compared with a stored hash: only those can succeed. */
async function countGuesses(t: TestContext, server: TestServer): Promise<() => number> {
  const users = await server.services.database.selectFrom('users').select('password_hash').execute();
  const stored = new Set(users.map(({ password_hash }) => password_hash));
  const compare = t.mock.method(bcrypt, 'compare');
  return () => {
    const guesses = compare.mock.calls.filter(({ arguments: [, hash] }) => stored.has(hash)).length;
    compare.mock.resetCalls();
    return guesses;
  };
}

/** How often an attempt works until it is refused; Infinity after ten thousand. */
async function untilRefused(attempt: (time: number) => Promise<{ status: number }>): Promise<number> {
  for (let time = 0; time < 10_000; time += 1) {
    if (![200, 401].includes((await attempt(time)).status)) return time;
  }
  return Infinity;
}

/**
 * Asserts that requests are refused until just before the end of the window, and accepted after it.
 *
 * @param begun when the window began, by the clock of the server: a test on a busy machine takes as long as a window
 */
async function assertEndsAfter(server: TestServer, begun: number, windowMs: number, works: () => Promise<boolean>): Promise<void> {
  const margin = Math.min(20_000, windowMs / 2);
  server.clock.advance(begun + windowMs - margin - server.clock.now());
  assert.equal(await works(), false, 'the window ended early');
  server.clock.advance(2 * margin);
  assert.equal(await works(), true, 'the window did not end');
}

test('the limits of requests are those of docs/security.md', async (t) => {
  const server = await startServer(t, { ...SETTINGS, TRUSTED_PROXIES: '127.0.0.1' });
  const user = await createUser(server);
  const requests = limitOf('requests');
  const ask = () => server.request('GET', '/', { headers: from(network(1)) });
  const begun = server.clock.now();
  assert.equal(await untilRefused(ask), requests.limit);
  const ofUser = limitOf('requests of a user');
  const me = (time: number) => server.request('GET', '/api/v1/me', { token: user.tokens.accessToken, headers: from(network(time + 10)) });
  assert.equal(await untilRefused(me), ofUser.limit);
  assert.equal(requests.windowMs, ofUser.windowMs);
  await assertEndsAfter(server, begun, requests.windowMs, async () => (await ask()).status === 200);
});

test('the limits of one account from one address are those of docs/security.md', async (t) => {
  const server = await startServer(t, AS_DOCUMENTED);
  const user = await createUser(server);
  const wrong = limitOf('wrong passwords');
  const right = async (ip: string) => (await login(server, user, from(ip))).status === 200;
  const begunWrong = server.clock.now();
  assert.equal(await untilRefused(() => login(server, { ...user, password: WRONG }, from(network(1)))), wrong.limit);
  await assertEndsAfter(server, begunWrong, wrong.windowMs, () => right(network(1)));
  const all = limitOf('all tries to sign in');
  const begunAll = server.clock.now();
  assert.equal(await untilRefused(() => login(server, user, from(network(2)))), all.limit);
  await assertEndsAfter(server, begunAll, all.windowMs, () => right(network(2)));
});

test('one address has as many guesses a day at all accounts as docs/security.md says', async (t) => {
  const server = await startServer(t, SMALL);
  const crowd = await insertCrowd(server, 40);
  const guesses = await countGuesses(t, server);
  const burst = limitOf('wrong passwords of an address');
  const later = limitOf('wrong passwords of an address that had 200 that day');
  assert.equal(burst.windowMs, later.windowMs);
  let next = 0;
  const spray = (ip: string) =>
    untilRefused(() => login(server, { email: crowd[(next += 1) % crowd.length] ?? '', password: WRONG }, from(ip)));

  const counts: number[] = [];
  for (let sprayed = 0; sprayed < DAY_MS; sprayed += later.windowMs + 1) {
    await spray(network(1));
    counts.push(guesses());
    server.clock.advance(later.windowMs + 1);
  }
  assert.equal((counts[0] ?? 0) * LIMIT, burst.limit);
  assert.deepEqual([...new Set(counts.slice(1).map((count) => count * LIMIT))], [later.limit]);
  const day = counts.reduce((sum, count) => sum + count, 0) * LIMIT;

  server.clock.advance(DAY_MS);
  for (let address = 1; address <= 10; address += 1) await spray(network(address));
  assert.equal(guesses() * LIMIT, 10 * burst.limit, 'addresses do not share their limit');
  assert.deepEqual(dayOf('guesses at all accounts together'), [day, 10 * day, 1000 * day]);
});

test('1, 10 and 1,000 addresses have as many guesses at one account as docs/security.md says', async (t) => {
  const server = await startServer(t, AS_DOCUMENTED);
  const user = await createUser(server);
  const guesses = await countGuesses(t, server);
  const { limit, windowMs } = limitOf('wrong passwords in a row from new networks');
  const guess = (ip: string) => untilRefused(() => login(server, { ...user, password: WRONG }, from(ip)));
  const quarter = limitOf('wrong passwords').windowMs + 1000;
  const quarters = 20;
  const begun = server.clock.now();
  for (let time = 0; time < quarters; time += 1) {
    await guess(network(1));
    server.clock.advance(quarter);
  }
  const one = guesses();
  assert.equal(one, limit);
  await assertEndsAfter(server, begun, windowMs, async () => (await login(server, user, from(network(2)))).status === 200);
  guesses();
  for (let address = 10; address < 20; address += 1) await guess(network(address));
  const ten = guesses();
  // The count of the account has reached its limit: more addresses add no guesses.
  for (let address = 20; address < 30; address += 1) await guess(network(address));
  assert.deepEqual(dayOf('guesses at one account'), [one, ten, ten + guesses()]);
});

test('a known network has as many guesses at one account as docs/security.md says', async (t) => {
  const server = await startServer(t, AS_DOCUMENTED);
  const user = await createUser(server);
  tokensOf(await login(server, user, from('203.0.113.200')));
  const guesses = await countGuesses(t, server);
  const known = limitOf('wrong passwords from a known network');
  const guess = (host: number) => untilRefused(() => login(server, { ...user, password: WRONG }, from(`203.0.113.${host}`)));
  const begun = server.clock.now();
  for (let host = 0; host * LIMIT < known.limit; host += 1) await guess(host);
  const asKnown = guesses();
  assert.equal(asKnown, known.limit);
  for (let host = 20; host < 40; host += 1) await guess(host);
  const day = asKnown + guesses();
  assert.deepEqual(dayOf('guesses at one account from a known network'), [day, day, day]);
  await assertEndsAfter(server, begun, known.windowMs, async () => (await login(server, user, from('203.0.113.201'))).status === 200);
});

test('a stolen session has as many guesses at the password as docs/security.md says', async (t) => {
  const server = await startServer(t, AS_DOCUMENTED);
  const user = await createUser(server);
  const session = limitOf('wrong current passwords');
  const inARow = limitOf('wrong current passwords in a row');
  const change = (token: string, currentPassword: string) =>
    server.request('POST', '/api/v1/auth/password/change', { token, body: { currentPassword, newPassword: `${PASSWORD} 2` } });
  const nextSession = async () => tokensOf(await login(server, user, from(network(1)))).accessToken;
  const guesses = await countGuesses(t, server);
  let day = 0;
  const begun = server.clock.now();
  for (let time = 0; time < 2 * (inARow.limit / session.limit); time += 1) {
    const token = await nextSession();
    guesses();
    const tried = await untilRefused(() => change(token, WRONG));
    assert.equal(tried, session.limit);
    day += guesses();
    server.clock.advance(session.windowMs);
  }
  assert.equal(day, inARow.limit);
  assert.deepEqual(dayOf('guesses at the password with one stolen session'), [day, day, day]);
  const works = async () => (await change(await nextSession(), PASSWORD)).status === 204;
  await assertEndsAfter(server, begun, inARow.windowMs, works);
});

test('strangers can cause as many mails as docs/security.md says', async (t) => {
  const server = await startServer(t, AS_DOCUMENTED);
  const forgot = (address: string, ip: string) =>
    server.request('POST', '/api/v1/auth/password/forgot', { body: { email: address }, headers: from(ip) });
  const limit = limitOf('requests for a mail');
  let asked = 0;
  const begun = server.clock.now();
  for (; (await forgot(freshEmail(), network(1))).status === 202; asked += 1);
  assert.equal(asked, limit.limit);
  await assertEndsAfter(server, begun, limit.windowMs, async () => (await forgot(freshEmail(), network(1))).status === 202);
  const quarters = DAY_MS / limit.windowMs;
  const requests = asked * quarters;
  assert.deepEqual(dayOf('requests for mails to all mailboxes, for each purpose'), [requests, 10 * requests, 1000 * requests]);

  for (const [name, purpose] of [
    ['reset mails to one mailbox', 'reset-password'],
    ['registration mails to one address', 'verify-email'],
  ] as const) {
    const mails = await mailsOfDay(server, purpose);
    assert.deepEqual(dayOf(name), [mails, mails, mails]);
  }
});

/** Mails of one day to one mailbox with a request every five minutes. Calls the function that requests use, without HTTP. */
async function mailsOfDay({ services }: TestServer, purpose: 'reset-password' | 'verify-email'): Promise<number> {
  const [email, start] = [freshEmail(), services.clock()];
  let mails = 0;
  for (let passed = 0; passed < DAY_MS; passed += 5 * 60_000) {
    const issued = await services.database
      .transaction()
      .execute((transaction) => createTokenMails(services.database).issueWhenDue(transaction, { email, purpose, now: start + passed }));
    if (issued) mails += 1;
  }
  return mails;
}

test('the hashing queue has as many places as docs/security.md says', async (t) => {
  const [running, waiting, places] = [limitOf('hashes running'), limitOf('hashes waiting'), limitOf('hashes running or waiting')];
  const held: number[] = [];
  for (const addresses of [1, 10, 30]) {
    const server = await startServer(t, AS_DOCUMENTED);
    const release = Promise.withResolvers<boolean>();
    const compare = t.mock.method(bcrypt, 'compare', () => release.promise);
    const asked = addresses * (places.limit + 1);
    let refused = 0;
    const tries = Array.from({ length: asked }, async (_, index) => {
      const { status } = await login(server, { email: freshEmail(), password: PASSWORD }, from(network(index % addresses)));
      if (status === 503) refused += 1;
    });
    const expected = Math.min(addresses * places.limit, running.limit + waiting.limit);
    await settled(() => refused >= asked - expected);
    held.push(asked - refused);
    assert.equal(compare.mock.callCount(), running.limit);
    release.resolve(false);
    await Promise.all(tries);
    compare.mock.restore();
  }
  assert.equal(held[0], places.limit);
  assert.equal(held[2], running.limit + waiting.limit);
  assert.deepEqual(dayOf(`places held in the queue of ${running.limit + waiting.limit} hashes`), held);
  // How long: 'a login that waits ten seconds in the hashing queue …' in hashing-gate.test.ts measures it.
  assert.equal(waiting.windowMs, 10_000);
});

test('every row of the tables in docs/security.md was measured', () => {
  const tables = DOCUMENT.split('\n## ').find((section) => section.startsWith('Limits')) ?? '';
  const names = [...tables.matchAll(/^\| (.+?) \|/gm)].map(([, name = '']) => name).filter((name) => name !== 'what' && name !== '---');
  assert.deepEqual([...compared].sort(), names.sort());
});

/** Writes the given number of accounts, all with the same password hash. */
async function insertCrowd(server: TestServer, size: number): Promise<string[]> {
  const { database, passwords } = server.services;
  const now = server.clock.now();
  const password_hash = await passwords.hash(PASSWORD);
  const crowd = Array.from({ length: size }, () => freshEmail());
  const rest = { display_name: 'Person', role: 'user', password_hash, email_verified_at: now, disabled_at: null, created_at: now } as const;
  await database
    .insertInto('users')
    .values(crowd.map((email) => ({ id: randomUUID(), email, ...rest })))
    .execute();
  return crowd;
}

/** Waits until something has happened, at most eight seconds. If it did not happen, the next assertion fails. */
async function settled(happened: () => boolean): Promise<void> {
  for (const end = performance.now() + 8000; !happened() && performance.now() < end;) await turn();
  for (const end = performance.now() + 100; performance.now() < end;) await turn();
}
