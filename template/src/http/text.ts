import { z } from 'zod';

// Zero-width (non-)joiners are part of emoji and of several scripts; every other invisible character is a disguise.
const HIDDEN = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\u200c\u200d]]/v;
const HIDDEN_BUT_LINES = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\n\t\u200c\u200d]]/v;

// Normalising sorts each run of marks, and the time grows with the square of its length: 20,000 in a row stop the server
// for 0.3 s. No language writes more than a few. Source: UAX #15, section 13, "Stream-Safe Text Format": at most 30.
// The look-behind tries each run once, from its first mark.
const LONG_RUN_OF_MARKS = /(?<!\p{M})\p{M}{31}/u;
const refuseMarks = { error: 'too-many-marks', abort: true };

/**
 * One line of text in Unicode normal form C, without control, bidirectional or otherwise invisible characters and
 * without more than 30 combining marks in a row.
 *
 * @param min smallest length in UTF-16 units
 * @param max largest length in UTF-16 units
 */
export const text = (min: number, max: number) =>
  z
    .string()
    .max(max, { abort: true })
    .refine((value) => !LONG_RUN_OF_MARKS.test(value), refuseMarks)
    .normalize('NFC')
    .min(min)
    .max(max)
    .refine((value) => !HIDDEN.test(value), { error: 'invisible-characters' });

/** Like `text`, with line feeds and tabs; CR LF becomes LF. */
export const multilineText = (min: number, max: number) =>
  z
    .string()
    .max(2 * max, { abort: true })
    .refine((value) => !LONG_RUN_OF_MARKS.test(value), refuseMarks)
    .overwrite((value) => value.replaceAll('\r\n', '\n'))
    .normalize('NFC')
    .min(min)
    .max(max)
    .refine((value) => !HIDDEN_BUT_LINES.test(value), { error: 'invisible-characters' });

/** An e-mail address in the one form in which it is stored and compared: trimmed, lower case, at most 254 characters. */
export const canonicalEmail = () =>
  z.string().max(320, { abort: true }).trim().toLowerCase().pipe(z.email().max(254));
