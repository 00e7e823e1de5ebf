import assert from 'node:assert/strict';
import { COOKIE_NAME } from '../../src/auth/session/cookie.ts';
import type { Answer, TestServer } from './server.ts';

export interface Tokens {
  /** The value of the cookie. */
  readonly accessToken: string;
}

/** The setting with the secret of the project. */
export const SECRET = 'SESSION_SECRET';

/** The response to a sign-in. */
export const SIGN_IN = { fields: ['expiresIn', 'idleTimeout'], cookies: 1 };

/** Rows of `refresh_tokens` that a sign-in adds. */
export const TOKEN_ROWS = 0;

/** The value of `Access-Control-Allow-Credentials` for listed origins. */
export const CORS_CREDENTIALS = 'true';

/** Headers by which a request that changes something is known to come from a page of the own origin. */
export const OWN_PAGE: Readonly<Record<string, string>> = { 'Sec-Fetch-Site': 'same-origin' };

/** Routes of the strategy and who may call them. Written a second time on purpose, as in `authorization.test.ts`. */
export const ACCESS = {
  'POST /api/v1/auth/login': 'anyone',
  'POST /api/v1/auth/logout': 'signed-in',
} as const;

/** Fields of its routes that are open to everybody, besides those of the login. */
export const FIELDS: readonly (readonly [path: string, field: string])[] = [];

export const cookieOf = (token: string): string => `${COOKIE_NAME}=${token}`;

/** Headers of a request with a token, and headers that a test adds. */
export const withToken = (
  token: string,
  { Cookie: others, ...headers }: Readonly<Record<string, string>> = {},
): Record<string, string> => ({
  ...headers,
  Cookie: [cookieOf(token), ...(others === undefined ? [] : [others])].join('; '),
});

/** What a browser does by itself. */
export interface Client {
  /** Headers of a request, with those that a test adds. */
  headers(method: string, token: string | undefined, added: Readonly<Record<string, string>>): Record<string, string>;
  /** Sees the response to a request with this token. */
  received(token: string | undefined, response: Headers): void;
}

/** Like a browser, it says from where it sends a request that changes something, and replaces a cookie when the server sends a new one. */
export function createClient(): Client {
  const newest = new Map<string, string>();
  return {
    headers: (method, token, added) => {
      const sent = ['GET', 'HEAD', 'OPTIONS'].includes(method) ? { ...added } : { ...OWN_PAGE, ...added };
      return token === undefined ? sent : withToken(newest.get(token) ?? token, sent);
    },
    received: (token, response) => {
      const renewed = newTokenIn(response);
      if (token !== undefined && renewed) newest.set(token, renewed);
    },
  };
}

/** The value of the session cookie that a response sets; empty when it clears the cookie. */
export function newTokenIn(headers: Headers): string | undefined {
  const [pair = ''] = (headers.getSetCookie()[0] ?? '').split(';');
  return pair.startsWith(cookieOf('')) ? pair.slice(cookieOf('').length) : undefined;
}

/** The token in a response, which must have status 200. */
export function tokensOf(answer: Answer): Tokens {
  assert.equal(answer.status, 200, answer.text);
  const accessToken = newTokenIn(answer.headers);
  assert.ok(accessToken, 'no cookie');
  return { accessToken };
}

/** Uses the tokens in each way that needs no password. */
export const useTokens = async (server: TestServer, { accessToken }: Tokens): Promise<readonly Answer[]> => [
  await server.request('GET', '/api/v1/me', { token: accessToken }),
];

/** Texts that only the client may know. */
export const secretsOf = ({ accessToken }: Tokens): readonly string[] => [accessToken];
