import { randomUUID } from 'node:crypto';
import type { Principal } from '../access/principal.ts';
import { newestFirst } from '../database/newest-first.ts';
import type { PageRequest } from '../database/newest-first.ts';
import { inOneUnit } from '../database/unit-of-work.ts';
import type { Database } from '../database/unit-of-work.ts';
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
export interface Notes {
  /** Newest first, one row more than the limit (see `toPage`). */
  pageOfOwner(principal: Principal, page: PageRequest): Promise<Note[]>;
  find(principal: Principal, id: string): Promise<Note | undefined>;
  /** @returns the new note; undefined when the owner has as many as the quota allows */
  create(principal: Principal, text: NoteText): Promise<Note | undefined>;
  /** @returns the changed note; undefined when the owner has no note with this id */
  change(principal: Principal, id: string, change: NoteChange): Promise<Note | undefined>;
  /** @returns whether the owner had the note */
  remove(principal: Principal, id: string): Promise<boolean>;
}

export function createNotes(database: Database, clock: () => number): Notes {
  const find: Notes['find'] = (principal, id) =>
    database.selectFrom('notes').select(COLUMNS).where('id', '=', id).where('owner_id', '=', principal.userId).executeTakeFirst();

  return {
    pageOfOwner: (principal, page) => {
      const own = database.selectFrom('notes').select(COLUMNS).where('owner_id', '=', principal.userId);
      return newestFirst(own, page).execute();
    },

    find,

    create: (principal, { title, body }) =>
      inOneUnit(database, async (unit) => {
        await lockOwner(unit, principal);
        const last = unit
          .selectFrom('notes')
          .select('id')
          .where('owner_id', '=', principal.userId)
          .offset(NOTES_PER_OWNER - 1)
          .limit(1);
        if (await last.executeTakeFirst()) return undefined;
        const now = clock();
        const note = { id: randomUUID(), title, body, created_at: now, updated_at: now };
        await unit
          .insertInto('notes')
          .values({ ...note, owner_id: principal.userId })
          .execute();
        return note;
      }),

    change: async (principal, id, { title, body }) => {
      await database
        .updateTable('notes')
        .set({ ...(title !== undefined && { title }), ...(body !== undefined && { body }), updated_at: clock() })
        .where('id', '=', id)
        .where('owner_id', '=', principal.userId)
        .execute();
      return find(principal, id);
    },

    remove: async (principal, id) => {
      const { numDeletedRows } = await database
        .deleteFrom('notes')
        .where('id', '=', id)
        .where('owner_id', '=', principal.userId)
        .executeTakeFirstOrThrow();
      return numDeletedRows === 1n;
    },
  };
}
