import { z } from 'zod';
import { DOCUMENTED } from './documented.ts';

// Emoji and several scripts need zero-width (non-)joiners; every other invisible character can disguise a text.
const HIDDEN = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\u200c\u200d]]/v;
const HIDDEN_BUT_LINES = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\n\t\u200c\u200d]]/v;

// Normalising sorts each run of marks, and the time grows with the square of its length: 20,000 in a row block the server
// for 0.3 s. No language needs more than a few. Source: UAX #15, section 13, "Stream-Safe Text Format": at most 30.
// Because of the look-behind each run is tried only once, from its first mark.
const LONG_RUN_OF_MARKS = /(?<!\p{M})\p{M}{31}/u;
const refuseMarks = { error: 'too-many-marks', abort: true };

// The same characters for the OpenAPI document, whose patterns support neither properties nor set operations.
const HIDDEN_RANGES =
  '\\u007f-\\u009f\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890-\\u0891\\u08e2\\u180e\\u200b\\u200e-\\u200f\\u2028-\\u202e' +
  '\\u2060-\\u2064\\u2066-\\u206f\\ufeff\\ufff9-\\ufffb';
// Listed one by one: without the flag `u`, which some tools do not set, a range of these is not valid.
const HIDDEN_ABOVE = [
  [0x110bd, 1],
  [0x110cd, 1],
  [0x13430, 16],
  [0x1bca0, 4],
  [0x1d173, 8],
  [0xe0001, 1],
  [0xe0020, 96],
]
  .flatMap(([first = 0, count = 0]) => Array.from({ length: count }, (_, index) => String.fromCodePoint(first + index)))
  .join('');
const VISIBLE = `^[^\\u0000-\\u001f${HIDDEN_RANGES}${HIDDEN_ABOVE}]*$`;
const VISIBLE_OR_LINES = `^[^\\u0000-\\u0008\\u000b-\\u001f${HIDDEN_RANGES}${HIDDEN_ABOVE}]*$`;
const FEW_MARKS = 'At most 30 combining marks in a row.';

/** Lengths are counted in code points, as in JSON Schema and in the database: an emoji of two UTF-16 units is one. */
const codePoints = (value: string) => value.length - (value.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
const hasAtLeast = (min: number) => (value: string) => codePoints(value) >= min;
const hasAtMost = (max: number) => (value: string) => codePoints(value) <= max;
const tooShort = (min: number) => ({ error: `at-least-${min}` });
const tooLong = (max: number) => ({ error: `at-most-${max}` });

/**
 * One line of text in Unicode normal form C, without control, bidirectional or otherwise invisible characters and
 * without more than 30 combining marks in a row.
 *
 * @param min smallest length in code points
 * @param max largest length in code points
 */
export const text = (min: number, max: number) =>
  z
    .string()
    .max(2 * max, { abort: true })
    .refine((value) => !LONG_RUN_OF_MARKS.test(value), refuseMarks)
    .normalize('NFC')
    .refine(hasAtLeast(min), tooShort(min))
    .refine(hasAtMost(max), tooLong(max))
    .refine((value) => !HIDDEN.test(value), { error: 'invisible-characters' })
    .register(DOCUMENTED, { type: 'string', minLength: min, maxLength: max, pattern: VISIBLE, description: FEW_MARKS });

/** Like `text`, with line feeds and tabs; CR LF becomes LF. */
export const multilineText = (min: number, max: number) =>
  z
    .string()
    .max(4 * max, { abort: true })
    .refine((value) => !LONG_RUN_OF_MARKS.test(value), refuseMarks)
    .overwrite((value) => value.replaceAll('\r\n', '\n'))
    .normalize('NFC')
    .refine(hasAtLeast(min), tooShort(min))
    .refine(hasAtMost(max), tooLong(max))
    .refine((value) => !HIDDEN_BUT_LINES.test(value), { error: 'invisible-characters' })
    .register(DOCUMENTED, { type: 'string', minLength: min, maxLength: max, pattern: VISIBLE_OR_LINES, description: FEW_MARKS });

/** Source: RFC 5321, 4.5.3.1.1; RFC 1035, 2.3.4. */
function isMailable(address: string): boolean {
  const [local = '', domain = ''] = address.split('@');
  return local.length <= 64 && domain.split('.').every((label) => label.length <= 63);
}

/** An e-mail address in the one form in which it is stored and compared: trimmed, lower case, at most 254 characters. */
export const canonicalEmail = () =>
  z
    .string()
    .max(320, { abort: true })
    .trim()
    .toLowerCase()
    .pipe(z.email().max(254))
    .refine(isMailable, { error: 'email' })
    .register(DOCUMENTED, { type: 'string', format: 'email', maxLength: 254, pattern: z.regexes.email.source });
