import { z } from 'zod';
import { DOCUMENTED } from './documented.ts';

// Zero-width (non-)joiners are part of emoji and of several scripts; every other invisible character is a disguise.
const HIDDEN = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\u200c\u200d]]/v;
const HIDDEN_BUT_LINES = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\n\t\u200c\u200d]]/v;

// Normalising sorts each run of marks, and the time grows with the square of its length: 20,000 in a row stop the server
// for 0.3 s. No language writes more than a few. Source: UAX #15, section 13, "Stream-Safe Text Format": at most 30.
// The look-behind tries each run once, from its first mark.
const LONG_RUN_OF_MARKS = /(?<!\p{M})\p{M}{31}/u;
const refuseMarks = { error: 'too-many-marks', abort: true };

// The same rules for the OpenAPI document, in the expressions that JSON Schema knows.
const FEW_MARKS = String.raw`(?!.*\p{M}{31})`;
const VISIBLE = String.raw`(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\u200c\u200d])*`;
const VISIBLE_OR_LINES = String.raw`(?:[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[\n\t\u200c\u200d])*`;

/** Lengths are counted in code points, as in JSON Schema and in the database: an emoji is one. */
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
    .register(DOCUMENTED, { type: 'string', minLength: min, maxLength: max, pattern: `^${FEW_MARKS}${VISIBLE}$` });

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
    .register(DOCUMENTED, { type: 'string', minLength: min, maxLength: max, pattern: `^${FEW_MARKS}${VISIBLE_OR_LINES}$` });

/** An e-mail address in the one form in which it is stored and compared: trimmed, lower case, at most 254 characters. */
export const canonicalEmail = () =>
  z
    .string()
    .max(320, { abort: true })
    .trim()
    .toLowerCase()
    .pipe(z.email().max(254))
    .register(DOCUMENTED, { type: 'string', format: 'email', maxLength: 254, pattern: z.regexes.email.source });
