import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { createOpaqueToken, hashOpaqueToken } from '../../crypto/opaque-token.ts';
import { PROJECT_NAME } from '../../project.ts';

/** The name of the project, so that secret scanners and people recognise a key wherever it was leaked. */
const PREFIX = `${PROJECT_NAME}_`;
const ID_AND_SECRET = /^([\w-]{8})_([\w-]{43})$/;

const SCHEME = /^bearer +/i;

/** Compared with when there is no key of that id. No text has this hash. */
const NO_HASH = '0'.repeat(64);

/** The two parts of a key. Only the secret is secret: 256 random bits. */
export interface ApiKey {
  readonly id: string;
  readonly secret: string;
}

/** The header that has it. A request with two of them does not get this far: `http/middleware/host-guard.ts`. */
type Credentials = Pick<Request, 'headers'>;

/** A new random key. */
export const createKey = (): ApiKey => ({ id: randomBytes(6).toString('base64url'), secret: createOpaqueToken() });

/** The key as its user sends it. */
export const textOf = ({ id, secret }: ApiKey): string => `${PREFIX}${id}_${secret}`;

/** Whether a request has an API key as its credentials. Other credentials are left to the strategy of people. */
export const presentsKey = (request: Credentials): boolean => credentialsIn(request).startsWith(PREFIX);

/** @returns undefined when the key is malformed */
export function keyIn(request: Credentials): ApiKey | undefined {
  const [, id, secret] = ID_AND_SECRET.exec(credentialsIn(request).slice(PREFIX.length)) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

const credentialsIn = ({ headers: { authorization = '' } }: Credentials): string =>
  SCHEME.test(authorization) ? authorization.replace(SCHEME, '') : '';

/**
 * Whether the stored hash is that of the key. The comparison takes the same time wherever the hashes begin to differ.
 *
 * @param hash undefined when no key with this id can be used
 */
export const matches = ({ secret }: ApiKey, hash = NO_HASH): boolean =>
  timingSafeEqual(Buffer.from(hashOpaqueToken(secret)), Buffer.from(hash));
