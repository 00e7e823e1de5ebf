import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Principal } from '../access/principal.ts';
import { newestFirst } from '../database/newest-first.ts';
import type { PageRequest } from '../database/newest-first.ts';
import type { NoteRow, Schema } from '../database/schema.ts';
import { Problem } from '../http/problem.ts';
import { lockOwner } from '../users/owner.ts';

/**
 * Notes that one owner may have. A note is at most 30,600 bytes (10,200 characters of three bytes), so an account holds
 * 31 MB at most; without a quota it could add 5 GB a day.
 */
export const NOTES_PER_OWNER = 1000;

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

const tooManyNotes = (quota: number) =>
  new Problem({ status: 409, code: 'too-many-notes', title: `You have ${quota} notes, and cannot have more. Delete one first.` });

/**
 * The caller's notes. Every query names the owner, so a note of somebody else is not forbidden but absent:
 * nobody learns which ids exist.
 *
 * @param quota notes that one owner may have, at least 1. Default 1000
 */
export function createNotes(database: Kysely<Schema>, clock: () => number, quota = NOTES_PER_OWNER) {
  return {
    /** Newest first, one row more than asked for. */
    list: (principal: Principal, page: PageRequest): Promise<Note[]> => {
      const own = database
        .selectFrom('notes')
        .select(COLUMNS)
        .where('owner_id', '=', principal.userId);
      return newestFirst(own, page).execute();
    },

    find: (principal: Principal, id: string): Promise<Note | undefined> =>
      database
        .selectFrom('notes')
        .select(COLUMNS)
        .where('id', '=', id)
        .where('owner_id', '=', principal.userId)
        .executeTakeFirst(),

    /** @throws Problem 409 `too-many-notes` */
    create: (principal: Principal, { title, body }: NoteText): Promise<Note> =>
      database.transaction().execute(async (transaction) => {
        await lockOwner(transaction, principal);
        const last = transaction.selectFrom('notes').select('id').where('owner_id', '=', principal.userId).offset(quota - 1).limit(1);
        if (await last.executeTakeFirst()) throw tooManyNotes(quota);
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
