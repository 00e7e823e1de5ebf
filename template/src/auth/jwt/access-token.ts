import { createSecretKey, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { SecretSlots } from '../../config/parsers.ts';
import { PROJECT_NAME } from '../../project.ts';
import { unauthenticated } from '../../http/problem.ts';

/** Lifetime in seconds. Role changes and logouts take effect earlier: the session is read on every request. */
export const ACCESS_TOKEN_SECONDS = 600;

const ALGORITHM = 'HS256';
/** Other tokens signed with the same key have another type, so they are not accepted as access tokens. Source: RFC 9068. */
const TYPE = 'at+jwt';
const CLOCK_TOLERANCE_SECONDS = 5;
/** Tokens of this server have about 400 characters. */
const MAX_LENGTH = 1024;
/** Verified tokens that are cached. Verifying shares its threads with password hashing, so a token is verified once. */
const MAX_REMEMBERED = 10_000;

export interface AccessTokenOptions {
  readonly secrets: SecretSlots;
  readonly issuer: string;
  readonly clock: () => number;
}

/** Content of an access token: ids only, no personal data. */
export interface AccessTokenSubject {
  readonly userId: string;
  readonly sessionId: string;
}

interface Verified {
  readonly subject: AccessTokenSubject;
  /** Milliseconds since 1970. */
  readonly endsAt: number;
}

export interface AccessTokens {
  sign(subject: AccessTokenSubject): Promise<string>;
  /** @throws Problem 401 `invalid-token` */
  verify(token: string): Promise<AccessTokenSubject>;
}

/** Signs and verifies access tokens (JWT, HS256). Source: RFC 8725; ASVS 5.0 V9. */
export function createAccessTokens({ secrets, issuer, clock }: AccessTokenOptions): AccessTokens {
  const [present, ...previous] = secrets;
  const key = importKey(present);
  const keys = [key, ...previous.map(importKey)];
  const verified = new Map<string, Verified>();

  async function sign({ userId, sessionId }: AccessTokenSubject): Promise<string> {
    const now = Math.floor(clock() / 1000);
    const claims = { iss: issuer, aud: PROJECT_NAME, sub: userId, sid: sessionId, jti: randomUUID(), iat: now };
    const token = new SignJWT({ ...claims, exp: now + ACCESS_TOKEN_SECONDS });
    return token.setProtectedHeader({ alg: ALGORITHM, typ: TYPE }).sign(key);
  }

  async function verify(token: string): Promise<AccessTokenSubject> {
    const known = verified.get(token);
    if (known && clock() < known.endsAt) return known.subject;
    verified.delete(token);
    const result = await verifyFirst(token);
    if (verified.size >= MAX_REMEMBERED) verified.clear();
    verified.set(token, result);
    return result.subject;
  }

  async function verifyFirst(token: string, [candidate, ...others] = keys): Promise<Verified> {
    try {
      if (!candidate || token.length > MAX_LENGTH) throw new errors.JWTInvalid();
      const { payload } = await jwtVerify(token, candidate, {
        algorithms: [ALGORITHM],
        issuer,
        audience: PROJECT_NAME,
        typ: TYPE,
        // jose accepts a token without `exp`, which never expires, unless the claim is required.
        requiredClaims: ['sub', 'sid', 'jti', 'iat', 'exp'],
        maxTokenAge: ACCESS_TOKEN_SECONDS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(clock()),
      });
      const { sub, sid, exp = 0 } = payload;
      if (typeof sub !== 'string' || typeof sid !== 'string') throw new errors.JWTInvalid();
      return { subject: { userId: sub, sessionId: sid }, endsAt: exp * 1000 };
    } catch (error) {
      if (others.length > 0 && error instanceof errors.JWSSignatureVerificationFailed) return verifyFirst(token, others);
      if (error instanceof errors.JOSEError) throw unauthenticated('invalid-token');
      throw error;
    }
  }

  return { sign, verify };
}

/** Imported once: jose would import a raw secret again for every token. */
const importKey = (secret: Uint8Array) => createSecretKey(secret).toCryptoKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
