import { z } from 'zod';
import { MAX_PASSWORD_BYTES } from '../crypto/password-hasher.ts';
import { DOCUMENTED } from '../http/documented.ts';
import { Problem } from '../http/problem.ts';
import { PROJECT_NAME } from '../project.ts';
import { isCommonPassword } from './common-passwords.ts';
import { GUESSABLE_WORDS } from './common-words.ts';
import { isPattern } from './password-patterns.ts';

/** Without a second factor. Source: NIST SP 800-63B-4, 3.1.1.2. */
const MIN_CODE_POINTS = 15;

/** What must be left of a password without its guessable pieces. */
const MIN_UNGUESSED = 6;

/** A password somebody sets. Taken exactly as it is: never trimmed, folded or normalised. */
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

/** A password somebody claims to have: whatever is wrong with it, the answer is the one for a wrong password. */
export const claimedPassword = () => z.string().min(1).max(1024);

/**
 * Refuses what guessing finds first: patterns, stolen passwords, and passwords made of common words or the account's own.
 * Source: ASVS 5.0 V6.2.4, V6.2.11.
 *
 * @param password that `newPassword` let through: longer ones take longer than they should
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

/** Whether little is left when the words, digits and punctuation are taken out. */
function isMadeOf(words: readonly string[], letters: string): boolean {
  const longestFirst = words.toSorted((a, b) => b.length - a.length);
  const rest = longestFirst.reduce((left, word) => left.replaceAll(word, ' '), letters);
  return rest !== letters && rest.replace(/[^\p{L}]/gu, '').length < MIN_UNGUESSED;
}
