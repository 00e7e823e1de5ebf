import { randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { OutboxRow, Schema } from '../database/schema.ts';

/** Maximum number of mails that wait, so that strangers cannot fill the disk while the mail server is down. */
const MAX_WAITING = 10_000;
/** Maximum number of mails of one kind that a signed-in user can make wait for one address. */
const MAX_WAITING_PER_ADDRESS = 5;

/** @returns the id of the new row */
export async function addMail(database: Kysely<Schema>, mail: Pick<OutboxRow, 'due_at' | 'email' | 'kind'>): Promise<string> {
  const id = randomUUID();
  await database
    .insertInto('outbox')
    .values({ ...mail, id, tries: 0 })
    .execute();
  return id;
}

/** Whether no more mails may wait. */
export async function isOutboxFull(database: Kysely<Schema>): Promise<boolean> {
  const last = await database
    .selectFrom('outbox')
    .select('id')
    .orderBy('due_at')
    .limit(1)
    .offset(MAX_WAITING - 1)
    .executeTakeFirst();
  return last !== undefined;
}

/** Whether so many mails of a kind wait for the address that one more would tell its owner nothing new. */
export async function areEnoughWaiting(database: Kysely<Schema>, { email, kind }: Pick<OutboxRow, 'email' | 'kind'>): Promise<boolean> {
  const waiting = await database
    .selectFrom('outbox')
    .select('id')
    .where('email', '=', email)
    .where('kind', '=', kind)
    .limit(MAX_WAITING_PER_ADDRESS)
    .execute();
  return waiting.length === MAX_WAITING_PER_ADDRESS;
}

export const findMail = (database: Kysely<Schema>, id: string): Promise<OutboxRow | undefined> =>
  database.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst();

/** Mails whose next try is due, the longest due first. */
export const findDueMails = (database: Kysely<Schema>, now: number, limit: number): Promise<OutboxRow[]> =>
  database.selectFrom('outbox').selectAll().where('due_at', '<=', now).orderBy('due_at').limit(limit).execute();

/**
 * Takes a mail for one try.
 *
 * @param retryAt when the next try is due, if this one fails or its process is killed
 * @returns false when another process has taken it
 */
export async function claimMail(transaction: Transaction<Schema>, { id, tries }: OutboxRow, retryAt: number): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('outbox')
    .set({ tries: tries + 1, due_at: retryAt })
    .where('id', '=', id)
    .where('tries', '=', tries)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

export async function removeMail(database: Kysely<Schema>, id: string): Promise<void> {
  await database.deleteFrom('outbox').where('id', '=', id).execute();
}
