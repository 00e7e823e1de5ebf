import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Role } from '../../src/access/policy.ts';
import { eventually } from './eventually.ts';
import { assertProblem } from './problems.ts';
import type { Answer, Mail, TestServer } from './server.ts';
import { tokensOf, useTokens, type Tokens } from './strategy.ts';

export type { Answer } from './server.ts';
export { tokensOf, type Tokens } from './strategy.ts';

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly tokens: Tokens;
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** The test is the trusted proxy, so it can send requests from any address. */
export const BEHIND_PROXY = { TRUSTED_PROXIES: '127.0.0.1' };

/** Headers for one of 256 addresses: a single address has only four places in the hashing queue. */
export const fromAddress = (index: number): Readonly<Record<string, string>> => ({ 'X-Forwarded-For': `198.51.100.${index}` });

type Headers = Readonly<Record<string, string>>;

/** A password that every rule accepts. */
export const PASSWORD = 'gravel umbrella 93 lanterns';

export const freshEmail = (): string => `${randomUUID()}@example.com`;

/** The nth mail to an address. Waits for it, because mails are sent after the response. */
export async function mailTo(server: TestServer, email: string, nth = 1): Promise<Mail> {
  return eventually(`mail ${nth} to ${email}`, () => server.mails.filter((mail) => mail.to === email)[nth - 1]);
}

/** Waits until all mails that were requested so far are sent: that takes at most half a second after the response. */
export async function mailsSettled(server: TestServer): Promise<void> {
  await delay(600);
  const last = freshEmail();
  await register(server, last);
  await mailTo(server, last);
}

/** The one-time token in the link of a mail. */
export function tokenIn(mail: Mail): string {
  const token = /#token=([\w-]{43})\s/.exec(mail.text)?.[1];
  assert.ok(token, `no token in the mail "${mail.subject}"`);
  return token;
}

export function register(server: TestServer, email: string, headers: Headers = {}): Promise<Answer> {
  return server.request('POST', '/api/v1/auth/register', { body: { email }, headers });
}

export function verifyEmail(server: TestServer, token: string, password = PASSWORD, headers: Headers = {}): Promise<Answer> {
  return server.request('POST', '/api/v1/auth/verify-email', { body: { token, password }, headers });
}

export function login(server: TestServer, { email, password }: Credentials, headers: Headers = {}): Promise<Answer> {
  return server.request('POST', '/api/v1/auth/login', { body: { email, password }, headers });
}

/** Requests the own account with a token. */
export function me(server: TestServer, { accessToken }: Tokens): Promise<Answer> {
  return server.request('GET', '/api/v1/me', { token: accessToken });
}

/** Asserts that every token gets 401. */
export async function assertSignedOut(server: TestServer, ...all: readonly Tokens[]): Promise<void> {
  for (const tokens of all) {
    for (const answer of await useTokens(server, tokens)) assertProblem(answer, 401, 'invalid-token');
  }
}

export async function signIn(server: TestServer, credentials: Credentials, headers: Headers = {}): Promise<Tokens> {
  return tokensOf(await login(server, credentials, headers));
}

/** Registers an address and sets its password with the mailed token. */
export async function enrol(server: TestServer, { email, password }: Credentials): Promise<void> {
  assert.equal((await register(server, email)).status, 202);
  const mail = await mailTo(server, email);
  assert.equal((await verifyEmail(server, tokenIn(mail), password)).status, 204);
}

/** Writes an account with an unverified address into the database, as version 0.1 did at registration. */
export async function createUnverified(server: TestServer, { email, password }: Credentials): Promise<void> {
  const { database, passwords } = server.services;
  const row = { id: randomUUID(), email, display_name: 'Person', role: 'user', created_at: server.clock.now() } as const;
  const password_hash = await passwords.hash(password);
  await database
    .insertInto('users')
    .values({ ...row, password_hash, email_verified_at: null, disabled_at: null })
    .execute();
}

/** Writes a verified account into the database and signs in. Faster than `enrol`, which uses the API and mails. */
export async function createUser(server: TestServer, overrides: Partial<Credentials> = {}): Promise<Account> {
  const credentials = { email: freshEmail(), password: PASSWORD, ...overrides };
  const { database, passwords } = server.services;
  const now = server.clock.now();
  const row = { id: randomUUID(), email: credentials.email, display_name: 'Person', role: 'user', created_at: now } as const;
  const password_hash = await passwords.hash(credentials.password);
  await database
    .insertInto('users')
    .values({ ...row, password_hash, email_verified_at: now, disabled_at: null })
    .execute();
  return { id: row.id, ...credentials, tokens: await signIn(server, credentials) };
}

/** Writes the role into the database, because the API needs another admin for it. */
export async function setRole(server: TestServer, { id }: { readonly id: string }, role: Role): Promise<void> {
  await server.services.database.updateTable('users').set({ role }).where('id', '=', id).execute();
}

export async function createAdmin(server: TestServer, overrides: Partial<Credentials> = {}): Promise<Account> {
  const account = await createUser(server, overrides);
  await setRole(server, account, 'admin');
  return account;
}
