import assert from 'node:assert/strict';
import { PASSWORD, type Account } from './accounts.ts';
import type { Answer, TestServer } from './server.ts';

export interface CreatedKey {
  readonly id: string;
  /** The whole key, as a program sends it. */
  readonly key: string;
}

/** A valid body for the creation of a key. */
export const NEW_KEY = { name: 'A program', scopes: ['notes:own'], expiresInDays: 30, password: PASSWORD };

/** Asks for a key. */
export function requestKey(
  server: TestServer,
  { tokens }: Pick<Account, 'tokens'>,
  changes: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return server.request('POST', '/api/v1/me/api-keys', { token: tokens.accessToken, body: { ...NEW_KEY, ...changes }, headers });
}

export async function createKey(
  server: TestServer,
  account: Pick<Account, 'tokens'>,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<CreatedKey> {
  const answer = await requestKey(server, account, changes);
  assert.equal(answer.status, 201, answer.text);
  return answer.body as CreatedKey;
}

export const endKey = (server: TestServer, { tokens }: Pick<Account, 'tokens'>, id: string): Promise<Answer> =>
  server.request('DELETE', `/api/v1/me/api-keys/${id}`, { token: tokens.accessToken });

/** Sends a request as a program does: with the key and none of the headers that browsers add. */
export async function withKey(
  { url }: Pick<TestServer, 'url'>,
  key: string,
  operation = 'GET /api/v1/notes',
  { body, headers = {} }: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const [method = '', path = ''] = operation.split(' ');
  const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const answer = await fetch(url + path, {
    method,
    headers: { ...json, Authorization: `Bearer ${key}`, ...headers },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text };
}

/** Ids of the stored keys of an account. */
export async function storedKeys({ services }: TestServer, { id }: Pick<Account, 'id'>): Promise<string[]> {
  const rows = await services.database.selectFrom('api_keys').select('id').where('user_id', '=', id).execute();
  return rows.map((row) => row.id);
}
