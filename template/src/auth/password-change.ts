import { z } from 'zod';
import { inOneUnit } from '../database/unit-of-work.ts';
import { authenticated, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import { addressKey } from '../network/client-address.ts';
import type { Services } from '../services.ts';
import { createAccounts } from './account-store.ts';
import { createTokenRotation } from './chosen-rotation.ts';
import { createOneTimeTokens } from './one-time-token-store.ts';
import { createOutbox } from './outbox.ts';
import { claimedPassword, newPassword, refuseGuessable } from './password-policy.ts';
import { createSessions } from './session-store.ts';
import { invalidCredentials } from './sign-in.ts';
import { createPasswordChangeThrottle } from './throttle/password-change-throttle.ts';

/** A change needs the current password and ends all other sessions. Source: ASVS 5.0 V6.2.3, V7.2.4, V7.4.3. */
export function passwordChangeRoute(services: Services): AnyRoute {
  const { database, passwords, clock } = services;
  const accounts = createAccounts(database);
  const sessions = createSessions(database);
  const tokens = createOneTimeTokens(database);
  const rotation = createTokenRotation(database);
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
      const user = await accounts.readPassword(userId);
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
      const sendNewToken = await inOneUnit(database, async (unit) => {
        if (!(await accounts.replaceHash(unit, { userId, old: user.password_hash, new: hash }))) throw invalidCredentials();
        await sessions.endAll(unit, { userId, now, except: sessionId });
        await tokens.endAll(unit, userId);
        await sessions.confirm(unit, sessionId, now);
        await outbox.notify(unit, { kind: 'password-changed', email: user.email });
        return rotation.atOwnChange(unit, sessionId);
      });
      sendNewToken(context);
      await throttle.succeeded(proof);
      context.audit('authn_password_change');
      return undefined;
    },
  });
}
