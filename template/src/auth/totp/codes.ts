import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { z } from 'zod';
import { hashOpaqueToken } from '../../crypto/opaque-token.ts';
import { Problem } from '../../http/problem.ts';
import { PROJECT_NAME } from '../../project.ts';

/** Every authenticator app supports these values; several ignore others. Source: RFC 6238. */
const SETTINGS = { issuer: PROJECT_NAME, algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Clocks of phones and the time for typing: one step before and one after are accepted. Source: RFC 6238, 5.2. */
const WINDOW = 1;
/** 160 bits. Source: RFC 4226, 4, R6. */
const SECRET_BYTES = 20;

export const RECOVERY_CODES = 10;
/** 120 bits in groups of four letters: nobody can guess them, so a fast hash is enough. Source: ASVS 5.0 V6.5.2. */
const RECOVERY_BYTES = 15;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A code of the app, or a recovery code. */
export const claimedCode = z.string().min(1).max(64);

/** A code of the app or a recovery code that is wrong, was used before, or comes too late. */
export const invalidCode = () =>
  new Problem({ status: 401, code: 'invalid-code', title: 'This code is wrong or was used before. Wait for the next one.' });

export const createSecret = (): Uint8Array => new Uint8Array(randomBytes(SECRET_BYTES));

const generatorOf = (secret: Uint8Array, label = PROJECT_NAME) =>
  new TOTP({ ...SETTINGS, label, secret: new Secret({ buffer: Uint8Array.from(secret).buffer }) });

/** The secret as people type it into an app that cannot scan. */
export const textOf = (secret: Uint8Array): string => generatorOf(secret).secret.base32;

/** What a QR code for the app contains. Draw it on your own device: whoever sees it can compute all codes. */
export const uriOf = (secret: Uint8Array, email: string): string => generatorOf(secret, email).toString();

/** @returns the time step of a code that is valid now; undefined for any other text */
export function stepOf(code: string, secret: Uint8Array, now: number): number | undefined {
  const delta = generatorOf(secret).validate({ token: code, timestamp: now, window: WINDOW });
  return delta === null ? undefined : TOTP.counter({ period: SETTINGS.period, timestamp: now }) + delta;
}

export const createRecoveryCodes = (): string[] => Array.from({ length: RECOVERY_CODES }, createRecoveryCode);

function createRecoveryCode(): string {
  const bits = Array.from(randomBytes(RECOVERY_BYTES), (byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = bits.replace(/.{5}/g, (five) => ALPHABET.charAt(Number.parseInt(five, 2)));
  return letters.replace(/.{4}(?=.)/g, '$&-');
}

/** The hash that is stored. People may type a code in lower case and without hyphens. */
export const hashRecoveryCode = (userId: string, code: string): string =>
  hashOpaqueToken(`${userId}:${code.toUpperCase().replace(/[\s-]/g, '')}`);
