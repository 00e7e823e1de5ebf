import { z } from 'zod';
import { MAX_PASSWORD_BYTES } from '../crypto/password-hasher.ts';
import { DOCUMENTED } from '../http/documented.ts';
import { Problem } from '../http/problem.ts';
import { PROJECT_NAME } from '../project.ts';
import { isCommonPassword } from './common-passwords.ts';
import { GUESSABLE_WORDS } from './common-words.ts';
import { isPattern } from './password-patterns.ts';

/** Minimum for sign-in without a second factor. Source: NIST SP 800-63B-4, 3.1.1.2. */
const MIN_CODE_POINTS = 15;

/** Letters that a password must have besides its guessable parts. */
const MIN_UNGUESSED = 6;

/** A new password. It is used exactly as sent: not trimmed, not changed in case, not normalised. */
export const newPassword = () =>
  z
    .string()
    .max(1024, { abort: true })
    .refine((value) => Array.from(value).length >= MIN_CODE_POINTS, { error: `at-least-${MIN_CODE_POINTS}-characters` })
    .refine((value) => Buffer.byteLength(value) <= MAX_PASSWORD_BYTES, { error: `at-most-${MAX_PASSWORD_BYTES}-bytes` })
    .refine((value) => !value.includes('\0'), { error: 'no-null-character' })
    .register(DOCUMENTED, {
      type: 'string',
      minLength: MIN_CODE_POINTS,
      maxLength: MAX_PASSWORD_BYTES,
      pattern: String.raw`^[^\u0000]*$`,
      description: `At most ${MAX_PASSWORD_BYTES} bytes in UTF-8. A common or easily guessed one gets 400 \`password-compromised\`.`,
    });

/** A current password. The rules of new passwords do not apply: one that breaks them gets the response for a wrong password. */
export const claimedPassword = () => z.string().min(1).max(1024);

/**
 * Refuses easily guessed passwords: patterns, stolen passwords, and combinations of common words or parts of the address.
 * Source: ASVS 5.0 V6.2.4, V6.2.11.
 *
 * @param password accepted by `newPassword`: the time to check a longer one is not bounded
 * @throws Problem 400 `password-compromised`
 */
export function refuseGuessable(password: string, email: string): void {
  const letters = simplify(password);
  const own = [PROJECT_NAME, email, ...email.split(/[@.+_-]/)].map(simplify).filter((word) => word.length > 2);
  const words = [...own, ...GUESSABLE_WORDS];
  const isGuessable = (variant: string) => isCommonPassword(variant) || isMadeOf(words, variant);
  if (isPattern(letters) || [letters, unmask(letters)].some(isGuessable)) {
    throw new Problem({ status: 400, code: 'password-compromised', title: 'This password is easy to guess. Choose another one.' });
  }
}

const simplify = (value: string) => value.toLowerCase().replace(/[\s._-]/g, '');

const MASKS = new Map(Object.entries({ '@': 'a', '4': 'a', '3': 'e', '1': 'i', '!': 'i', '0': 'o', $: 's', '5': 's' }));

const unmask = (letters: string) => letters.replace(/[@431!0$5]/g, (mask) => MASKS.get(mask) ?? mask);

/** Whether too few letters are left after the words, digits and punctuation are removed. */
function isMadeOf(words: readonly string[], letters: string): boolean {
  const longestFirst = words.toSorted((a, b) => b.length - a.length);
  const rest = longestFirst.reduce((left, word) => left.replaceAll(word, ' '), letters);
  return rest !== letters && rest.replace(/[^\p{L}]/gu, '').length < MIN_UNGUESSED;
}
