import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits in base64url. Nobody can guess them, so a fast hash is enough for storage. */
export const createOpaqueToken = (): string => randomBytes(32).toString('base64url');

/** The hash that is stored, so that a stolen database contains no usable tokens. */
export const hashOpaqueToken = (token: string): string => createHash('sha256').update(token).digest('hex');
