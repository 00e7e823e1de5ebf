import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Principal } from '../access/principal.ts';
import { newestFirst } from '../database/newest-first.ts';
import type { PageRequest } from '../database/newest-first.ts';
import type { Schema } from '../database/schema.ts';
import { lockOwner } from '../users/owner.ts';
import { NOTES_PER_OWNER } from './rules.ts';
import type { NoteRow } from './table.ts';

export interface NoteText {
  readonly title: string;
  readonly body: string;
}

export interface NoteChange {
  readonly title?: string | undefined;
  readonly body?: string | undefined;
}

const COLUMNS = ['id', 'title', 'body', 'created_at', 'updated_at'] as const;

export type Note = Pick<NoteRow, (typeof COLUMNS)[number]>;

/**
 * The notes of the caller. Every query filters by owner, so a note of another user gets 404 like an unknown one: the
 * response does not show which ids exist.
 */
export function createNotes(database: Kysely<Schema>, clock: () => number) {
  return {
    /** Newest first, one row more than the limit (see `toPage`). */
    list: (principal: Principal, page: PageRequest): Promise<Note[]> => {
      const own = database.selectFrom('notes').select(COLUMNS).where('owner_id', '=', principal.userId);
      return newestFirst(own, page).execute();
    },

    find: (principal: Principal, id: string): Promise<Note | undefined> =>
      database.selectFrom('notes').select(COLUMNS).where('id', '=', id).where('owner_id', '=', principal.userId).executeTakeFirst(),

    /** @returns the new note; undefined when the owner has as many as the quota allows */
    create: (principal: Principal, { title, body }: NoteText): Promise<Note | undefined> =>
      database.transaction().execute(async (transaction) => {
        await lockOwner(transaction, principal);
        const last = transaction
          .selectFrom('notes')
          .select('id')
          .where('owner_id', '=', principal.userId)
          .offset(NOTES_PER_OWNER - 1)
          .limit(1);
        if (await last.executeTakeFirst()) return undefined;
        const now = clock();
        return transaction
          .insertInto('notes')
          .values({ id: randomUUID(), owner_id: principal.userId, title, body, created_at: now, updated_at: now })
          .returning(COLUMNS)
          .executeTakeFirstOrThrow();
      }),

    change: (principal: Principal, id: string, { title, body }: NoteChange): Promise<Note | undefined> =>
      database
        .updateTable('notes')
        .set({ ...(title !== undefined && { title }), ...(body !== undefined && { body }), updated_at: clock() })
        .where('id', '=', id)
        .where('owner_id', '=', principal.userId)
        .returning(COLUMNS)
        .executeTakeFirst(),

    remove: async (principal: Principal, id: string): Promise<boolean> => {
      const { numDeletedRows } = await database
        .deleteFrom('notes')
        .where('id', '=', id)
        .where('owner_id', '=', principal.userId)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },
  };
}
