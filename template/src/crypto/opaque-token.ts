import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits in base64url: cannot be guessed, so a fast hash is enough to store it. */
export const createOpaqueToken = (): string => randomBytes(32).toString('base64url');

/** What is stored: a stolen database must not contain usable tokens. */
export const hashOpaqueToken = (token: string): string => createHash('sha256').update(token).digest('hex');
