import { z } from 'zod';
import { authenticated, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import { addressKey } from '../network/client-address.ts';
import type { Services } from '../services.ts';
import { endOneTimeTokens } from './one-time-tokens.ts';
import { createOutbox } from './outbox.ts';
import { claimedPassword, newPassword, refuseGuessable } from './password-policy.ts';
import { endSessions } from './sessions.ts';
import { invalidCredentials } from './sign-in.ts';
import { createPasswordChangeThrottle } from './throttle/password-change-throttle.ts';

/** A change needs the current password and ends all other sessions. Source: ASVS 5.0 V6.2.3, V7.4.3. */
export function passwordChangeRoute(services: Services): AnyRoute {
  const { database, passwords, clock } = services;
  const throttle = createPasswordChangeThrottle(services);
  const outbox = createOutbox(services);

  return route({
    method: 'post',
    path: '/api/v1/auth/password/change',
    summary: 'Change the password; every other session ends',
    access: authenticated,
    body: z.strictObject({ currentPassword: claimedPassword(), newPassword: newPassword() }),
    problems: [401],
    status: 204,
    handle: async ({ body, principal: { userId, sessionId }, context }) => {
      const user = await database.selectFrom('users').select(['email', 'password_hash']).where('id', '=', userId).executeTakeFirstOrThrow();
      refuseGuessable(body.newPassword, user.email);
      const proof = { sessionId, hash: user.password_hash ?? '' };
      await throttle.check(proof, context);
      const stored = async () => ((await throttle.begin(proof, context)) ? user.password_hash : null);
      const { gone, ip } = context;
      const who = addressKey(ip);
      if (!(await passwords.verify({ password: body.currentPassword, stored, who, gone }))) {
        context.audit('authn_password_change_fail');
        throw invalidCredentials();
      }
      const hash = await passwords.hash(body.newPassword, who, gone);
      const now = clock();
      await database.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('users')
          .set({ password_hash: hash })
          .where('id', '=', userId)
          .where('password_hash', '=', user.password_hash)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n) throw invalidCredentials();
        await endSessions(transaction, { userId, now, except: sessionId });
        await endOneTimeTokens(transaction, userId);
        await transaction.updateTable('sessions').set({ authenticated_at: now }).where('id', '=', sessionId).execute();
        await outbox.notify(transaction, { kind: 'password-changed', email: user.email });
      });
      await throttle.succeeded(proof);
      context.audit('authn_password_change');
      return undefined;
    },
  });
}
