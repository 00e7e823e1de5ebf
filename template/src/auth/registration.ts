import type { Transaction } from 'kysely';
import { z } from 'zod';
import type { Schema } from '../database/schema.ts';
import { dangerouslyPublic, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import { canonicalEmail } from '../http/fields.ts';
import type { Services } from '../services.ts';
import { createMailRequest } from './mail-request.ts';
import { newAccount } from './new-account.ts';
import { checkYourEmail, invalidOneTimeToken, oneTimeToken } from './one-time-tokens.ts';
import { setPasswordByMail } from './password-by-mail.ts';
import type { ChosenPassword } from './password-by-mail.ts';
import { newPassword } from './password-policy.ts';
import { createSignInThrottle } from './throttle/sign-in-throttle.ts';

/**
 * Registration and e-mail verification. A registration takes an address only. With a password in it, a stranger could
 * choose the password, and the owner of the mailbox would activate it with a click. Source: ASVS 5.0 V6.4.1.
 */
export function registrationRoutes(services: Services): readonly AnyRoute[] {
  const throttle = createSignInThrottle(services);
  const mailToken = createMailRequest(services, 'verify-email');

  const register = route({
    method: 'post',
    path: '/api/v1/auth/register',
    summary: 'Request a token to create an account; the response is the same whether or not there is one',
    access: dangerouslyPublic('people without an account create one'),
    body: z.strictObject({ email: canonicalEmail() }),
    status: 202,
    response: checkYourEmail,
    handle: async ({ body: { email }, context }) => {
      await mailToken(email, context);
      return { status: 'check-your-email' as const };
    },
  });

  const verify = route({
    method: 'post',
    path: '/api/v1/auth/verify-email',
    summary: 'Create the account with the token that was mailed to its address, and set its password',
    access: dangerouslyPublic('the token is the proof'),
    body: z.strictObject({ token: oneTimeToken, password: newPassword() }),
    status: 204,
    handle: async ({ body: { token, password }, context }) => {
      const { id, email, created } = await setPasswordByMail(services, { token, password, purpose: 'verify-email', context }, openAccount);
      if (created) context.audit('user_created', { userId: id });
      else context.audit('user_updated', { userId: id, change: 'email-verified' });
      // Guesses at the address before the account existed must not block its owner.
      await throttle.proved(email, context);
      return undefined;
    },
  });

  return [register, verify];
}

/**
 * Creates the account, or verifies an existing one: version 0.1 of the template created accounts at registration.
 *
 * @throws Problem 400 `invalid-token` when the address has a verified account by now, or its account was disabled
 */
async function openAccount(
  transaction: Transaction<Schema>,
  { email, hash, now }: ChosenPassword,
): Promise<{ id: string; email: string; created: boolean }> {
  const created = newAccount({ email, role: 'user', passwordHash: hash, now });
  const proven = { password_hash: hash, email_verified_at: now };
  const account = await transaction
    .insertInto('users')
    .values(created)
    .onConflict((conflict) =>
      conflict.column('email').doUpdateSet(proven).where('users.email_verified_at', 'is', null).where('users.disabled_at', 'is', null),
    )
    .returning('id')
    .executeTakeFirst();
  if (!account) throw invalidOneTimeToken();
  return { id: account.id, email, created: account.id === created.id };
}
