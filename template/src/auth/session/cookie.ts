import { unauthenticated } from '../../http/problem.ts';
import type { RequestContext } from '../../http/request-context.ts';
import { PROJECT_NAME } from '../../project.ts';

/**
 * Browsers accept this prefix only with Secure, with Path=/ and without Domain, so no other host can set the cookie.
 * Source: RFC 6265bis, 4.1.3.2; ASVS 5.0 V3.3.
 */
export const COOKIE_NAME = `__Host-${PROJECT_NAME}_sid`;

/** Without Max-Age the browser forgets the cookie when it is closed. The server ends the session in any case. */
const ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=Strict';

/** 256 bits in base64url. */
const TOKEN = /^[\w-]{43}$/;

// Only these two: `trim` would also remove characters that browsers allow in the name of a cookie. A sibling host could
// then set a cookie that is ours after the trimming, without the prefix that browsers check.
const SPACES = /^[ \t]+|[ \t]+$/g;

/**
 * The token in a `Cookie` header.
 *
 * @returns undefined when the header has no cookie of this name
 * @throws Problem 401 `invalid-token` when it has two of them, or one that is not a token: an attacker may have set one
 */
export function tokenIn(header: string | undefined): string | undefined {
  const values = valuesIn(header);
  const [value = ''] = values;
  if (values.length === 0) return undefined;
  if (values.length > 1 || !TOKEN.test(value)) throw unauthenticated('invalid-token');
  return value;
}

/** All tokens in a `Cookie` header, however many. */
export const tokensIn = (header: string | undefined): string[] => valuesIn(header).filter((value) => TOKEN.test(value));

const valuesIn = (header = ''): string[] =>
  header
    .split(';')
    .map((pair) => pair.replace(SPACES, ''))
    .filter((pair) => pair.startsWith(`${COOKIE_NAME}=`))
    .map((pair) => pair.slice(COOKIE_NAME.length + 1));

/** Sends the token to the client in the cookie, and nowhere else: no script of a page can read it. */
export function sendToken(context: RequestContext, token: string): void {
  context.setHeader('Set-Cookie', `${COOKIE_NAME}=${token}; ${ATTRIBUTES}`);
}

/** Tells the browser to remove the cookie. */
export function clearToken(context: RequestContext): void {
  context.setHeader('Set-Cookie', `${COOKIE_NAME}=; Max-Age=0; ${ATTRIBUTES}`);
}
