import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** 256 random bits in base64url. Nobody can guess them, so a fast hash is enough for storage. */
export const createOpaqueToken = (): string => randomBytes(32).toString('base64url');

/**
 * Derives tokens from names that are never used twice. The same name gives the same token, so the token itself need not
 * be stored until it is sent; without the secret nobody can compute it.
 *
 * @param secret a secret of the settings; the key is derived from it (HKDF, RFC 5869) and used for nothing else
 */
export function createTokenDerivation(secret: Uint8Array, use: string): (name: string) => string {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', use, 32));
  return (name) => createHmac('sha256', key).update(name).digest('base64url');
}

/** The hash that is stored, so that a stolen database contains no usable tokens. */
export const hashOpaqueToken = (token: string): string => createHash('sha256').update(token).digest('hex');
