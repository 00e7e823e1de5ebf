import { z } from 'zod';
import type { UnitOfWork } from '../database/unit-of-work.ts';
import { dangerouslyPublic, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import { canonicalEmail } from '../http/fields.ts';
import type { Services } from '../services.ts';
import { createAccounts } from './account-store.ts';
import type { Accounts } from './account-store.ts';
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
  const accounts = createAccounts(services.database);
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
      const chosen = { token, password, purpose: 'verify-email', context } as const;
      const { id, email, created } = await setPasswordByMail(services, chosen, (unit, proven) => openAccount(accounts, unit, proven));
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
  accounts: Accounts,
  unit: UnitOfWork,
  { email, hash, now }: ChosenPassword,
): Promise<{ id: string; email: string; created: boolean }> {
  const verified = await accounts.verify(unit, { email, hash, now });
  if (verified !== undefined) return { id: verified, email, created: false };
  const account = newAccount({ email, role: 'user', passwordHash: hash, now });
  if (!(await accounts.enrol(unit, account))) throw invalidOneTimeToken();
  return { id: account.id, email, created: true };
}
