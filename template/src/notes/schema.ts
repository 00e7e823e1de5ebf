import { z } from 'zod';
import { pageOf } from '../http/pagination.ts';
import { multilineText, text } from '../http/fields.ts';
import type { Note } from './store.ts';

export const noteId = z.strictObject({ id: z.uuid() });

export const newNote = z.strictObject({ title: text(1, 200), body: multilineText(0, 10_000).default('') });

export const noteChange = z
  .strictObject({ title: text(1, 200).optional(), body: multilineText(0, 10_000).optional() })
  .refine((change) => Object.keys(change).length > 0, { error: 'at-least-one-field' })
  .meta({ minProperties: 1 });

export const note = z.strictObject({
  id: z.uuid(),
  title: z.string(),
  body: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export const notePage = pageOf(note);

/** The response has named fields only, so that a new column is not sent until it is added here. */
export const toNote = (row: Note): z.input<typeof note> => ({
  id: row.id,
  title: row.title,
  body: row.body,
  createdAt: new Date(row.created_at).toISOString(),
  updatedAt: new Date(row.updated_at).toISOString(),
});
