import { z } from 'zod';

// Zero-width (non-)joiners are part of emoji and of several scripts; every other invisible character is a disguise.
const HIDDEN = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\u200c\u200d]]/v;
const HIDDEN_BUT_LINES = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\n\t\u200c\u200d]]/v;

/**
 * One line of text in Unicode normal form C, without control, bidirectional or otherwise invisible characters.
 *
 * @param min smallest length in UTF-16 units
 * @param max largest length in UTF-16 units
 */
export const text = (min: number, max: number) =>
  z
    .string()
    .max(max, { abort: true })
    .normalize('NFC')
    .min(min)
    .max(max)
    .refine((value) => !HIDDEN.test(value), { error: 'invisible-characters' });

/** Like `text`, with line feeds and tabs; CR LF becomes LF. */
export const multilineText = (min: number, max: number) =>
  z
    .string()
    .max(2 * max, { abort: true })
    .overwrite((value) => value.replaceAll('\r\n', '\n'))
    .normalize('NFC')
    .min(min)
    .max(max)
    .refine((value) => !HIDDEN_BUT_LINES.test(value), { error: 'invisible-characters' });

/** An e-mail address in the one form in which it is stored and compared: trimmed, lower case, at most 254 characters. */
export const canonicalEmail = () =>
  z.string().max(320, { abort: true }).trim().toLowerCase().pipe(z.email().max(254));
