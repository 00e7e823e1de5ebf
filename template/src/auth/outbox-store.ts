import { randomUUID } from 'node:crypto';
import type { OutboxRow } from '../database/schema.ts';
import type { Database, UnitOfWork } from '../database/unit-of-work.ts';

/** Maximum number of mails that wait, so that strangers cannot fill the disk while the mail server is down. */
const MAX_WAITING = 10_000;
/** Maximum number of mails of one kind that a signed-in user can make wait for one address. */
const MAX_WAITING_PER_ADDRESS = 5;

/** Mails that are not sent yet. Times are milliseconds since 1970. */
export interface WaitingMails {
  /** @returns the id of the new row */
  add(connection: Database, mail: Pick<OutboxRow, 'due_at' | 'email' | 'kind'>): Promise<string>;
  /** Whether no more mails may wait. */
  isFull(): Promise<boolean>;
  /** Whether so many mails of a kind wait for the address that one more would tell its owner nothing new. */
  areEnough(unit: UnitOfWork, mail: Pick<OutboxRow, 'email' | 'kind'>): Promise<boolean>;
  find(id: string): Promise<OutboxRow | undefined>;
  /** Mails whose next try is due, the longest due first. */
  findDue(now: number, limit: number): Promise<OutboxRow[]>;
  /**
   * Takes a mail for one try.
   *
   * @param retryAt when the next try is due, if this one fails or its process is killed
   * @returns false when another process has taken it
   */
  claim(unit: UnitOfWork, mail: OutboxRow, retryAt: number): Promise<boolean>;
  remove(id: string): Promise<void>;
}

export function createWaitingMails(database: Database): WaitingMails {
  return {
    add: async (connection, mail) => {
      const id = randomUUID();
      await connection
        .insertInto('outbox')
        .values({ ...mail, id, tries: 0 })
        .execute();
      return id;
    },

    isFull: async () => {
      const waiting = database.selectFrom('outbox').select('id').orderBy('due_at').limit(1);
      return (await waiting.offset(MAX_WAITING - 1).executeTakeFirst()) !== undefined;
    },

    areEnough: async (unit, { email, kind }) => {
      const waiting = unit.selectFrom('outbox').select('id').where('email', '=', email).where('kind', '=', kind);
      return (await waiting.limit(MAX_WAITING_PER_ADDRESS).execute()).length === MAX_WAITING_PER_ADDRESS;
    },

    find: (id) => database.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst(),

    findDue: (now, limit) => database.selectFrom('outbox').selectAll().where('due_at', '<=', now).orderBy('due_at').limit(limit).execute(),

    claim: async (unit, { id, tries }, retryAt) => {
      const { numUpdatedRows } = await unit
        .updateTable('outbox')
        .set({ tries: tries + 1, due_at: retryAt })
        .where('id', '=', id)
        .where('tries', '=', tries)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    remove: async (id) => {
      await database.deleteFrom('outbox').where('id', '=', id).execute();
    },
  };
}
