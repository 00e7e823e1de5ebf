import { createSecretKey, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { PROJECT_NAME } from '../../project.ts';
import { unauthenticated } from '../../http/problem.ts';

/** Lifetime in seconds. Role changes and sign-outs do not wait for it: the session is read on every request. */
export const ACCESS_TOKEN_SECONDS = 600;

const ALGORITHM = 'HS256';
/** Keeps other tokens signed with the same key from passing as access tokens. Source: RFC 9068. */
const TYPE = 'at+jwt';
const CLOCK_TOLERANCE_SECONDS = 5;
/** Ours have about 400 characters. */
const MAX_LENGTH = 1024;

export interface AccessTokenOptions {
  readonly secret: Uint8Array;
  readonly issuer: string;
  readonly clock: () => number;
}

/** What an access token says: whose session it is, and nothing about the person. */
export interface AccessTokenSubject {
  readonly userId: string;
  readonly sessionId: string;
}

export interface AccessTokens {
  sign(subject: AccessTokenSubject): Promise<string>;
  /** @throws Problem 401 `invalid-token` */
  verify(token: string): Promise<AccessTokenSubject>;
}

/** Signs and verifies access tokens (JWT, HS256). Source: RFC 8725; ASVS 5.0 V9. */
export function createAccessTokens({ secret, issuer, clock }: AccessTokenOptions): AccessTokens {
  // Imported once: jose imports a bare secret again for every token.
  const key = createSecretKey(secret).toCryptoKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
  const rules = {
    algorithms: [ALGORITHM],
    issuer,
    audience: PROJECT_NAME,
    typ: TYPE,
    // jose takes a token without an end unless the claim is required.
    requiredClaims: ['sub', 'sid', 'jti', 'iat', 'exp'],
    maxTokenAge: ACCESS_TOKEN_SECONDS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };

  async function sign({ userId, sessionId }: AccessTokenSubject): Promise<string> {
    const now = Math.floor(clock() / 1000);
    const claims = { iss: issuer, aud: PROJECT_NAME, sub: userId, sid: sessionId, jti: randomUUID(), iat: now };
    const token = new SignJWT({ ...claims, exp: now + ACCESS_TOKEN_SECONDS });
    return token.setProtectedHeader({ alg: ALGORITHM, typ: TYPE }).sign(key);
  }

  async function verify(token: string): Promise<AccessTokenSubject> {
    try {
      if (token.length > MAX_LENGTH) throw new errors.JWTInvalid();
      const { payload } = await jwtVerify(token, key, { ...rules, currentDate: new Date(clock()) });
      if (typeof payload.sub !== 'string' || typeof payload['sid'] !== 'string') throw new errors.JWTInvalid();
      return { userId: payload.sub, sessionId: payload['sid'] };
    } catch (error) {
      if (error instanceof errors.JOSEError) throw unauthenticated('invalid-token');
      throw error;
    }
  }

  return { sign, verify };
}
