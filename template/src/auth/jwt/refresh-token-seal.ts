import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { SecretSlots } from '../../config/parsers.ts';

/** The id of the session, 256 random bits, and a seal (HMAC) over both. */
const SHAPE = /^([\da-f-]{36})\.([\w-]{43})\.([\w-]{43})$/;

export interface RefreshTokenSeal {
  /** Creates a new random token. */
  create(sessionId: string): string;
  /**
   * The session for which the token was issued, even if the token was used already: used tokens need not be stored.
   *
   * @returns undefined when this server did not issue the token, or issued it before template version 0.2.0 or with another key
   */
  sessionOf(token: string): string | undefined;
}

export function createRefreshTokenSeal([present, ...previous]: SecretSlots): RefreshTokenSeal {
  const seal = createSeal(present);
  const seals = [seal, ...previous.map(createSeal)];

  return {
    create(sessionId) {
      const claims = `${sessionId}.${randomBytes(32).toString('base64url')}`;
      return `${claims}.${seal(claims)}`;
    },
    sessionOf(token) {
      const [, sessionId, random = '', given = ''] = SHAPE.exec(token) ?? [];
      if (sessionId === undefined) return undefined;
      // The id of a session is not secret: without the seal, anyone who knows it could end the session with an invented token.
      const isOurs = seals.some((sealOf) => timingSafeEqual(Buffer.from(given), Buffer.from(sealOf(`${sessionId}.${random}`))));
      return isOurs ? sessionId : undefined;
    },
  };
}

/** @param secret the key of the seals is derived from it (HKDF, RFC 5869) and used for nothing else */
function createSeal(secret: Uint8Array): (claims: string) => string {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'refresh-token-seal', 32));
  return (claims) => createHmac('sha256', key).update(claims).digest('base64url');
}
