import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { claimedPassword } from '../password-policy.ts';
import { claimedCode, RECOVERY_CODES } from './codes.ts';

const MINUTE_MS = 60_000;

/** How long an enrolment waits for its first code, in milliseconds. */
export const ENROLMENT_MS = 15 * MINUTE_MS;
/** How long a sign-in waits for a code, in milliseconds, and how many codes it may try. */
export const PENDING_MS = 5 * MINUTE_MS;
export const PENDING_TRIES = 5;

/** With a stolen session alone nobody can change how the owner signs in. */
export const passwordOnly = z.strictObject({ password: claimedPassword() });
export const passwordAndCode = z.strictObject({ password: claimedPassword(), code: claimedCode });
export const codeOnly = z.strictObject({ code: claimedCode });

/** 256 bits in base64url. */
export const finish = z.strictObject({ pendingToken: z.string().min(1).max(64), code: claimedCode });

/** The response to the right password of an account with a second factor. */
export const pending = z.strictObject({
  /** Finishes this sign-in together with a code, and does nothing else. */
  pendingToken: z.string(),
  /** Seconds. */
  expiresIn: z.int(),
});

export const enrolment = z.strictObject({ secret: z.string(), uri: z.string() });
export const recoveryCodes = z.strictObject({ recoveryCodes: z.array(z.string()).max(RECOVERY_CODES) });

export const status = z.strictObject({
  enrolled: z.boolean(),
  /** Whether the role needs a second factor. */
  required: z.boolean(),
  enrolledAt: z.iso.datetime().nullable(),
  recoveryCodesLeft: z.int(),
});

export const secondFactorRequired = () =>
  new Problem({ status: 403, code: 'second-factor-required', title: 'Your role needs a second factor. Enrol one first.' });

export const alreadyEnrolled = () =>
  new Problem({ status: 409, code: 'second-factor-exists', title: 'You have a second factor already. Remove it first.' });

export const notEnrolled = () =>
  new Problem({ status: 409, code: 'no-second-factor', title: 'There is no second factor, or its enrolment took too long.' });

/** Binds a waiting sign-in to the password that was checked. */
export const proofOf = (passwordHash: string): string => createHash('sha256').update(passwordHash).digest('hex');
