import { z } from 'zod';
import type { RequestContext } from '../http/request-context.ts';
import { addressKey } from '../http/rate-limit/limiters.ts';
import { dangerouslyPublic, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import { canonicalEmail } from '../http/text.ts';
import { passwordChanged, resetPassword } from '../mail/messages.ts';
import type { Services } from '../services.ts';
import { consumeOneTimeToken, issueOneTimeToken, ownerOfOneTimeToken } from './one-time-tokens.ts';
import { newPassword, refuseGuessable } from './password-policy.ts';
import { checkYourEmail, oneTimeToken } from './registration.ts';
import { endSessions } from './sessions.ts';
import { createMailQuota } from './throttle.ts';
import { createSignInThrottle } from './throttle/sign-in-throttle.ts';

/** A forgotten password, replaced by proof of the mailbox. Source: OWASP Forgot Password Cheat Sheet; ASVS 5.0 V6.4. */
export function passwordResetRoutes(services: Services): readonly AnyRoute[] {
  const { database, clock, config } = services;
  const mayMail = createMailQuota(services, 'reset-mail');
  const throttle = createSignInThrottle(services);

  /** Unverified and disabled accounts get no mail: resetting a password must not open what is closed. */
  async function mailToken(email: string): Promise<void> {
    const user = await database
      .selectFrom('users')
      .select('id')
      .where('email', '=', email)
      .where('email_verified_at', 'is not', null)
      .where('disabled_at', 'is', null)
      .executeTakeFirst();
    if (!user) return;
    const token = await database
      .transaction()
      .execute((transaction) => issueOneTimeToken(transaction, { userId: user.id, purpose: 'reset-password', now: clock() }));
    services.mail(email, resetPassword(config.publicUrl, token));
  }

  /** Every session ends: they may be a thief's. Nobody is signed in by resetting. */
  async function reset(token: string, password: string, context: RequestContext): Promise<void> {
    const use = { token, purpose: 'reset-password', now: clock() } as const;
    const { id, email } = await ownerOfOneTimeToken(database, use);
    refuseGuessable(password, email);
    const hash = await services.passwords.hash(password, addressKey(context.ip), context.gone);
    await database.transaction().execute(async (transaction) => {
      await transaction.updateTable('users').set({ password_hash: hash }).where('id', '=', id).execute();
      await consumeOneTimeToken(transaction, use);
      await endSessions(transaction, { userId: id, now: use.now });
    });
    context.audit('authn_password_change', { userId: id });
    services.mail(email, passwordChanged());
    await throttle.proved(email, context);
  }

  return [
    route({
      method: 'post',
      path: '/api/v1/auth/password/forgot',
      summary: 'Ask for a token to set a new password; the answer never tells whether there is an account',
      access: dangerouslyPublic('people who cannot sign in ask for help'),
      body: z.strictObject({ email: canonicalEmail() }),
      status: 202,
      response: checkYourEmail,
      handle: async ({ body: { email }, context }) => {
        // Looked up after the answer: time must not tell known addresses from unknown ones.
        if (await mayMail(email, context)) services.later('password-reset-mail', () => mailToken(email));
        return { status: 'check-your-email' as const };
      },
    }),
    route({
      method: 'post',
      path: '/api/v1/auth/password/reset',
      summary: 'Set a new password with a mailed token; every session ends',
      access: dangerouslyPublic('the token is the proof'),
      body: z.strictObject({ token: oneTimeToken, password: newPassword() }),
      status: 204,
      handle: async ({ body: { token, password }, context }) => {
        await reset(token, password, context);
        return undefined;
      },
    }),
  ];
}
