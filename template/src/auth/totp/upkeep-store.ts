import { removalTask } from '../../database/upkeep-task.ts';
import { ENROLMENT_MS } from './rules.ts';

/** Removes sign-ins that waited too long for a code: their tokens get 401. */
export const expiredPendingSignIns = removalTask({
  name: 'expired-pending-sign-ins',
  find: async ({ database, now }, limit) => {
    const expired = await database.selectFrom('totp_pending').select('token_hash').where('expires_at', '<=', now).limit(limit).execute();
    return expired.map((row) => row.token_hash);
  },
  remove: ({ database }, hashes) => database.deleteFrom('totp_pending').where('token_hash', 'in', hashes).execute(),
});

/** Removes factors that nobody has confirmed in time. */
export const unconfirmedFactors = removalTask({
  name: 'unconfirmed-factors',
  find: async ({ database, now }, limit) => {
    const begun = database.selectFrom('totp_factors').select('user_id').where('confirmed_at', 'is', null);
    const late = await begun
      .where('created_at', '<=', now - ENROLMENT_MS)
      .limit(limit)
      .execute();
    return late.map((row) => row.user_id);
  },
  remove: ({ database }, ids) =>
    // One may have been confirmed, or begun anew, since it was found.
    database.deleteFrom('totp_factors').where('user_id', 'in', ids).where('confirmed_at', 'is', null).execute(),
});
