import assert from 'node:assert/strict';
import { Secret, TOTP } from 'otpauth';
import { encryptionKeys } from '../../src/config/chosen.ts';
import { createFieldEncryption } from '../../src/crypto/field-encryption.ts';
import { login, PASSWORD, type Account, type Credentials } from './accounts.ts';
import type { Answer, TestServer } from './server.ts';

type Headers = Readonly<Record<string, string>>;

/** One step of the codes. */
export const STEP_MS = 30_000;

const BASE32 = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

const encryptionOf = ({ services }: TestServer) => createFieldEncryption(encryptionKeys(services.config));

const fieldOf = (userId: string) => ({ table: 'totp_factors', column: 'secret', row: userId });

/** The code of an app whose clock is this many steps ahead. */
export const codeOf = (server: TestServer, secret: string, steps = 0): string =>
  new TOTP({ secret }).generate({ timestamp: server.clock.now() + steps * STEP_MS });

/** A code that no app shows now. */
export function wrongCode(server: TestServer, secret: string): string {
  const near = [-2, -1, 0, 1, 2].map((steps) => codeOf(server, secret, steps));
  return ['000000', '000001', '000002', '000003', '000004', '000005'].find((code) => !near.includes(code)) ?? '';
}

/** Writes a confirmed factor into the database, faster than an enrolment. @returns its secret */
export async function giveFactor(server: TestServer, userId: string): Promise<string> {
  const secret = encryptionOf(server).encrypt(Secret.fromBase32(BASE32).bytes, fieldOf(userId));
  const now = server.clock.now();
  await server.services.database.deleteFrom('totp_factors').where('user_id', '=', userId).execute();
  const row = { user_id: userId, secret, created_at: now, confirmed_at: now, last_step: 0 };
  await server.services.database.insertInto('totp_factors').values(row).execute();
  return BASE32;
}

export const pendingTokenIn = (answer: Answer): string => {
  const { pendingToken } = answer.body as { pendingToken?: string };
  assert.ok(answer.status === 200 && pendingToken, answer.text);
  return pendingToken;
};

export const sendCode = (server: TestServer, pendingToken: string, code: string, headers: Headers = {}): Promise<Answer> =>
  server.request('POST', '/api/v1/auth/login/totp', { body: { pendingToken, code }, headers });

/** Finishes a login of an account that may have a factor, with a code that counts as unused. */
export async function finishLogin(server: TestServer, { email }: Pick<Credentials, 'email'>, first: Answer, headers: Headers = {}) {
  if (first.status !== 200 || !first.text.includes('pendingToken')) return first;
  const { database } = server.services;
  const { id } = await database.selectFrom('users').select('id').where('email', '=', email).executeTakeFirstOrThrow();
  const factor = database.selectFrom('totp_factors').select('secret').where('user_id', '=', id);
  const { secret } = await factor.executeTakeFirstOrThrow();
  await database.updateTable('totp_factors').set({ last_step: 0 }).where('user_id', '=', id).execute();
  const bytes = encryptionOf(server).decrypt(secret, fieldOf(id));
  const { base32 } = new Secret({ buffer: Uint8Array.from(bytes).buffer });
  return sendCode(server, pendingTokenIn(first), codeOf(server, base32), headers);
}

export type Enrolled = Account & { readonly secret: string; readonly recoveryCodes: readonly string[] };

/** Sends a request about the own second factor. */
export const requestFactor = (server: TestServer, { tokens }: Pick<Account, 'tokens'>, path: string, body: object): Promise<Answer> =>
  server.request('POST', `/api/v1/me/second-factor${path}`, { token: tokens.accessToken, body });

/** Enrols through the API. The code of the present step is used then. */
export async function enrolFactor(server: TestServer, account: Account): Promise<Enrolled> {
  const begun = await requestFactor(server, account, '', { password: account.password });
  assert.equal(begun.status, 200, begun.text);
  const { secret } = begun.body as { secret: string };
  const confirmed = await requestFactor(server, account, '/confirm', { code: codeOf(server, secret) });
  assert.equal(confirmed.status, 200, confirmed.text);
  return { ...account, secret, ...(confirmed.body as { recoveryCodes: string[] }) };
}

/** Leaves a row in each table of the second factor: a factor, its recovery codes and a login that was not finished. */
export async function leaveFactorRows(server: TestServer, { tokens }: Pick<Account, 'tokens'>): Promise<void> {
  const { body } = await server.request('GET', '/api/v1/me', { token: tokens.accessToken });
  const { id, email } = body as { id: string; email: string };
  const { database } = server.services;
  const enrolled = await database.selectFrom('totp_factors').select('user_id').where('user_id', '=', id).executeTakeFirst();
  if (!enrolled) await enrolFactor(server, { id, email, password: PASSWORD, tokens });
  pendingTokenIn(await login(server, { email, password: PASSWORD }));
}
