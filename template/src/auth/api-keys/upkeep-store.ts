import { removalTask } from '../../database/upkeep-task.ts';

/** Removes keys that have expired: nobody can use them any more. */
export const expiredKeys = removalTask({
  name: 'expired-keys',
  find: async ({ database, now }, limit) => {
    const expired = await database.selectFrom('api_keys').select('id').where('expires_at', '<=', now).limit(limit).execute();
    return expired.map(({ id }) => id);
  },
  remove: ({ database }, ids) => database.deleteFrom('api_keys').where('id', 'in', ids).execute(),
});
