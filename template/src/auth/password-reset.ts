import { z } from 'zod';
import type { Database, UnitOfWork } from '../database/unit-of-work.ts';
import { dangerouslyPublic, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import { canonicalEmail } from '../http/fields.ts';
import type { Services } from '../services.ts';
import { createAccounts } from './account-store.ts';
import { endAccess } from './end-access.ts';
import { createMailRequest } from './mail-request.ts';
import { checkYourEmail, invalidOneTimeToken, oneTimeToken } from './one-time-tokens.ts';
import { createOutbox } from './outbox.ts';
import { setPasswordByMail } from './password-by-mail.ts';
import type { ChosenPassword } from './password-by-mail.ts';
import { newPassword } from './password-policy.ts';
import { createSignInThrottle } from './throttle/sign-in-throttle.ts';

/** Replaces a forgotten password with a mailed token. Source: OWASP Forgot Password Cheat Sheet; ASVS 5.0 V6.4. */
export function passwordResetRoutes(services: Services): readonly AnyRoute[] {
  const throttle = createSignInThrottle(services);
  const outbox = createOutbox(services);
  const mailToken = createMailRequest(services, 'reset-password');

  return [
    route({
      method: 'post',
      path: '/api/v1/auth/password/forgot',
      summary: 'Request a token to set a new password; the response is the same whether or not there is an account',
      access: dangerouslyPublic('people who cannot sign in ask for help'),
      body: z.strictObject({ email: canonicalEmail() }),
      status: 202,
      response: checkYourEmail,
      handle: async ({ body: { email }, context }) => {
        await mailToken(email, context);
        return { status: 'check-your-email' as const };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/auth/password/reset',
      summary: 'Set a new password with a mailed token; everything that was signed in with the account ends',
      access: dangerouslyPublic('the token is the proof'),
      body: z.strictObject({ token: oneTimeToken, password: newPassword() }),
      status: 204,
      handle: async ({ body: { token, password }, context }) => {
        const change = { token, password, purpose: 'reset-password', context } as const;
        const { id, email } = await setPasswordByMail(services, change, async (unit, chosen) => {
          await outbox.notify(unit, { kind: 'password-changed', email: chosen.email });
          return replacePassword(services.database, unit, chosen);
        });
        context.audit('authn_password_change', { userId: id });
        await throttle.proved(email, context);
        return undefined;
      },
    }),
  ];
}

/**
 * Ends every access to the account, because a thief may have one. The reset itself signs nobody in.
 *
 * @throws Problem 400 `invalid-token` when the address had no account or its account was disabled after the mail
 */
async function replacePassword(
  database: Database,
  unit: UnitOfWork,
  { userId, email, hash, now }: ChosenPassword,
): Promise<{ id: string; email: string }> {
  if (userId === null || !(await createAccounts(database).resetHash(unit, userId, hash))) throw invalidOneTimeToken();
  await endAccess(database, unit, { userId, now });
  return { id: userId, email };
}
