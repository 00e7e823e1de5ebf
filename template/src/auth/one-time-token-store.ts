import type { OneTimeTokenRow } from '../database/schema.ts';
import type { Database, UnitOfWork } from '../database/unit-of-work.ts';

export type Purpose = OneTimeTokenRow['purpose'];

/** A token, by its hash. */
export interface StoredToken {
  readonly hash: string;
  readonly purpose: Purpose;
  readonly now: number;
}

/** What a token proves: the caller can read mails to this address. */
export interface MailboxProof {
  readonly email: string;
  /** Account of the address when the mail was requested; null when there was none. */
  readonly userId: string | null;
}

/** Hashes of mailed tokens. Each row also counts as a mail to its mailbox. Times are milliseconds since 1970. */
export interface OneTimeTokens {
  add(unit: UnitOfWork, row: OneTimeTokenRow): Promise<void>;
  /** @returns undefined when the token is unknown, used or expired */
  find(token: StoredToken): Promise<MailboxProof | undefined>;
  /** Changes the end of a token. @returns false when the token was used or has ended */
  prolong(unit: UnitOfWork, token: Omit<StoredToken, 'purpose'>, endsAt: number): Promise<boolean>;
  /** A single statement, so that only one of two requests at the same moment succeeds. @returns false when the token cannot be used */
  use(unit: UnitOfWork, token: StoredToken): Promise<boolean>;
  /** Ends all other valid tokens for the same purpose and address. */
  endOthers(unit: UnitOfWork, token: StoredToken, address: { readonly email: string; readonly mailbox: string }): Promise<void>;
  /** Ends every token that was mailed to the user. */
  endAll(unit: UnitOfWork, userId: string): Promise<void>;
  /** When the latest mails to a mailbox were issued, newest first. */
  latestTo(unit: UnitOfWork, mailbox: string, which: { purpose: Purpose; since: number; limit: number }): Promise<number[]>;
}

export function createOneTimeTokens(database: Database): OneTimeTokens {
  return {
    add: async (unit, row) => {
      await unit.insertInto('one_time_tokens').values(row).execute();
    },

    find: ({ hash, purpose, now }) =>
      database
        .selectFrom('one_time_tokens')
        .select(['email', 'user_id as userId'])
        .where('token_hash', '=', hash)
        .where('purpose', '=', purpose)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst(),

    prolong: async (unit, { hash, now }, endsAt) => {
      const named = unit.updateTable('one_time_tokens').set({ expires_at: endsAt }).where('token_hash', '=', hash);
      const valid = named.where('used_at', 'is', null).where('expires_at', '>', now);
      return (await valid.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
    },

    use: async (unit, { hash, purpose, now }) => {
      const { numUpdatedRows } = await unit
        .updateTable('one_time_tokens')
        .set({ used_at: now })
        .where('token_hash', '=', hash)
        .where('purpose', '=', purpose)
        .where('used_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    endOthers: async (unit, { hash, purpose, now }, { email, mailbox }) => {
      await unit
        .updateTable('one_time_tokens')
        .set({ expires_at: now })
        .where('mailbox', '=', mailbox)
        .where('purpose', '=', purpose)
        .where('email', '=', email)
        .where('token_hash', '!=', hash)
        .where('expires_at', '>', now)
        .execute();
    },

    endAll: async (unit, userId) => {
      await unit.deleteFrom('one_time_tokens').where('user_id', '=', userId).execute();
    },

    latestTo: async (unit, mailbox, { purpose, since, limit }) => {
      const mails = unit.selectFrom('one_time_tokens').select('issued_at').where('mailbox', '=', mailbox).where('purpose', '=', purpose);
      const latest = await mails.where('issued_at', '>', since).orderBy('issued_at', 'desc').limit(limit).execute();
      return latest.map((row) => row.issued_at);
    },
  };
}
