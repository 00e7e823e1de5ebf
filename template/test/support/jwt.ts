import assert from 'node:assert/strict';
import type { Answer, TestServer } from './server.ts';

export interface Tokens {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresIn: number;
  readonly refreshToken: string;
}

/** The setting with the secret of the project. */
export const SECRET = 'JWT_SECRET';

/** The response to a sign-in. */
export const SIGN_IN = { fields: ['accessToken', 'expiresIn', 'refreshToken', 'tokenType'], cookies: 0 };

/** Rows of `refresh_tokens` that a sign-in adds. */
export const TOKEN_ROWS = 1;

/** The value of `Access-Control-Allow-Credentials` for listed origins. */
export const CORS_CREDENTIALS = null;

/** Headers by which a request that changes something is known to come from a page of the own origin. */
export const OWN_PAGE: Readonly<Record<string, string>> = {};

/** Routes of the strategy and who may call them. Written a second time on purpose, as in `authorization.test.ts`. */
export const ACCESS = {
  'POST /api/v1/auth/login': 'anyone',
  'POST /api/v1/auth/refresh': 'anyone',
  'POST /api/v1/auth/logout': 'signed-in',
} as const;

/** Fields of its routes that are open to everybody, besides those of the login. */
export const FIELDS: readonly (readonly [path: string, field: string])[] = [['/api/v1/auth/refresh', 'refreshToken']];

/** Headers of a request with a token, and headers that a test adds. */
export const withToken = (token: string, headers: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...headers,
  Authorization: `Bearer ${token}`,
});

/** What a client does by itself. */
export interface Client {
  /** Headers of a request, with those that a test adds. */
  headers(method: string, token: string | undefined, added: Readonly<Record<string, string>>): Record<string, string>;
  /** Sees the response to a request with this token. */
  received(token: string | undefined, response: Headers): void;
}

export const createClient = (): Client => ({
  headers: (_method, token, added) => (token === undefined ? { ...added } : withToken(token, added)),
  received: () => undefined,
});

/** The tokens in a response, which must have status 200. */
export function tokensOf(answer: Answer): Tokens {
  assert.equal(answer.status, 200, answer.text);
  return answer.body as Tokens;
}

export function refresh(server: TestServer, refreshToken: string): Promise<Answer> {
  return server.request('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
}

/** Uses the tokens in each way that needs no password. */
export const useTokens = async (server: TestServer, { accessToken, refreshToken }: Tokens): Promise<readonly Answer[]> => [
  await server.request('GET', '/api/v1/me', { token: accessToken }),
  await refresh(server, refreshToken),
];

/** Texts that only the client may know. */
export const secretsOf = ({ accessToken, refreshToken }: Tokens): readonly string[] => [accessToken, refreshToken];
