import { z } from 'zod';
import type { Position } from '../database/newest-first.ts';
import { DOCUMENTED } from './documented.ts';

export type { PageRequest } from '../database/newest-first.ts';

const POSITION = /^(\d{1,15})\.([\da-f-]{36})$/;

const encode = ({ createdAt, id }: Position) => Buffer.from(`${createdAt}.${id}`).toString('base64url');

function decode(cursor: string): Position | undefined {
  const [, createdAt, id = ''] = POSITION.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  const position = { createdAt: Number(createdAt), id };
  // Base64 decoding ignores invalid characters: accept only the exact cursor that this server made.
  return createdAt !== undefined && encode(position) === cursor ? position : undefined;
}

const cursor = z
  .string()
  .max(100)
  .transform((value, context): Position => {
    const position = decode(value);
    if (position) return position;
    context.addIssue({ code: 'custom', message: 'a cursor from an earlier page' });
    return z.NEVER;
  })
  .register(DOCUMENTED, { type: 'string', maxLength: 100, description: 'The `nextCursor` of an earlier page.' });

/** Maximum number of items of a page. */
export const MAX_LIMIT = 100;

/** Response schema of a page. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item).max(MAX_LIMIT), nextCursor: z.string().nullable() });

/** Query parameters of a list. The limit is bounded, so that one request cannot read everything. */
export const pageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, { error: 'a whole number from 1 to 100' })
    .default('20')
    .transform(Number)
    .register(DOCUMENTED, { type: 'integer', format: 'int32', minimum: 1, maximum: MAX_LIMIT, default: 20 }),
  cursor: cursor.optional(),
});

interface Listed {
  readonly created_at: number;
  readonly id: string;
}

/**
 * Makes a page from rows; the query must have read one row more than the limit.
 *
 * @param shape converts a row to an item of the response
 */
export function toPage<Row extends Listed, Item>(
  rows: readonly Row[],
  limit: number,
  shape: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const nextCursor = last && rows.length > limit ? encode({ createdAt: last.created_at, id: last.id }) : null;
  return { items: page.map(shape), nextCursor };
}
