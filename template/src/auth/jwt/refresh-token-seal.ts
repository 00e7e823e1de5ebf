import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** The session's id, a secret of 256 random bits, and a seal over both. */
const SHAPE = /^([\da-f-]{36})\.([\w-]{43})\.([\w-]{43})$/;

export interface RefreshTokenSeal {
  /** Makes a token that was never made before. */
  create(sessionId: string): string;
  /**
   * The session a token was made for, whether or not the token still works: used ones are recognised without being kept.
   *
   * @returns undefined when the token is not ours, was made before version 0.2.0 of the template, or with another key
   */
  sessionOf(token: string): string | undefined;
}

/** @param secret the signing secret; the key of the seals is derived from it (HKDF, RFC 5869), so it signs nothing else */
export function createRefreshTokenSeal(secret: Uint8Array): RefreshTokenSeal {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'refresh-token-seal', 32));
  const seal = (claims: string) => createHmac('sha256', key).update(claims).digest('base64url');

  return {
    create(sessionId) {
      const claims = `${sessionId}.${randomBytes(32).toString('base64url')}`;
      return `${claims}.${seal(claims)}`;
    },
    sessionOf(token) {
      const [, sessionId, random = '', given = ''] = SHAPE.exec(token) ?? [];
      if (sessionId === undefined) return undefined;
      // A session's id is no secret: without the seal, whoever has seen it could end the session with an invented token.
      const isOurs = timingSafeEqual(Buffer.from(given), Buffer.from(seal(`${sessionId}.${random}`)));
      return isOurs ? sessionId : undefined;
    },
  };
}
