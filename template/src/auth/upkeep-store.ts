import { deleteOwned } from '../database/portions.ts';
import { removalTask } from '../database/upkeep-task.ts';
import { MAIL_COUNTS_MS } from './mail-quota.ts';
import { SESSION_ROWS } from './session-store.ts';
import { KEPT_AFTER_END_MS } from './sessions.ts';

/** Deletes sessions that have expired, or that ended more than a day ago. Neither state can change any more. */
export const endedSessions = removalTask({
  name: 'ended-sessions',
  find: async ({ database, now }, limit) => {
    const ended = await database
      .selectFrom('sessions')
      .select('id')
      .where((match) => match.or([match('expires_at', '<=', now), match('revoked_at', '<=', now - KEPT_AFTER_END_MS)]))
      .limit(limit)
      .execute();
    return ended.map(({ id }) => id);
  },
  remove: async ({ database, pause }, ids) => {
    await deleteOwned(database, SESSION_ROWS, ids, pause);
    await database.deleteFrom('sessions').where('id', 'in', ids).execute();
  },
});

/** Removes rows that no limit and no token needs any more. */
export const oldMailedTokens = removalTask({
  name: 'old-mailed-tokens',
  find: async ({ database, now }, limit) => {
    const old = await database
      .selectFrom('one_time_tokens')
      .select('token_hash')
      .where('issued_at', '<=', now - MAIL_COUNTS_MS)
      .orderBy('issued_at')
      .limit(limit)
      .execute();
    return old.map((row) => row.token_hash);
  },
  remove: ({ database }, hashes) => database.deleteFrom('one_time_tokens').where('token_hash', 'in', hashes).execute(),
});
