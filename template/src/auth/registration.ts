import { randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import { z } from 'zod';
import type { Schema } from '../database/schema.ts';
import { dangerouslyPublic, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import type { RequestContext } from '../http/request-context.ts';
import { canonicalEmail } from '../http/text.ts';
import { accountExists, verifyEmail } from '../mail/messages.ts';
import type { Message } from '../mail/messages.ts';
import type { Services } from '../services.ts';
import { consumeOneTimeToken, issueOneTimeToken, ownerOfOneTimeToken } from './one-time-tokens.ts';
import { newPassword, refuseGuessable } from './password-policy.ts';
import { createMailQuota } from './throttle.ts';

export const checkYourEmail = z.strictObject({ status: z.literal('check-your-email') });
export const oneTimeToken = z.string().min(1).max(128);

/** Registration and e-mail verification. */
export function registrationRoutes(services: Services): readonly AnyRoute[] {
  const mayMail = createMailQuota(services, 'verify-mail');

  const register = route({
    method: 'post',
    path: '/api/v1/auth/register',
    summary: 'Create an account; the answer never tells whether there was one',
    access: dangerouslyPublic('people without an account create one'),
    body: z.strictObject({ email: canonicalEmail(), password: newPassword() }),
    status: 202,
    response: checkYourEmail,
    handle: async ({ body: { email, password }, context }) => {
      refuseGuessable(password, email);
      const mailed = await mayMail(email, context);
      // Hashed for every address: time must not tell new ones from known ones.
      const hash = await services.passwords.hash(password);
      if (mailed) {
        const message = await services.database
          .transaction()
          .execute((transaction) => enrol(transaction, services, { email, hash, context }));
        if (message) services.mail(email, message);
      }
      return { status: 'check-your-email' as const };
    },
  });

  const verify = route({
    method: 'post',
    path: '/api/v1/auth/verify-email',
    summary: 'Prove an e-mail address with the token that was mailed to it',
    access: dangerouslyPublic('the token is the proof'),
    body: z.strictObject({ token: oneTimeToken }),
    status: 204,
    handle: async ({ body: { token }, context }) => {
      const use = { token, purpose: 'verify-email', now: services.clock() } as const;
      const { id } = await ownerOfOneTimeToken(services.database, use);
      await services.database.transaction().execute(async (transaction) => {
        await transaction.updateTable('users').set({ email_verified_at: use.now }).where('id', '=', id).execute();
        await consumeOneTimeToken(transaction, use);
      });
      context.audit('user_updated', { userId: id, change: 'email-verified' });
      return undefined;
    },
  });

  return [register, verify];
}

/**
 * Creates the account, or renews one nobody has verified: its password may be a stranger's who typed the address first.
 *
 * @returns the mail to send; undefined for a disabled account
 */
async function enrol(
  transaction: Transaction<Schema>,
  { clock, config }: Services,
  { email, hash, context }: { readonly email: string; readonly hash: string; readonly context: RequestContext },
): Promise<Message | undefined> {
  const now = clock();
  const [name = ''] = email.split('@', 1);
  const created = { id: randomUUID(), email, display_name: name.slice(0, 100), password_hash: hash, role: 'user', created_at: now } as const;
  const pending = await transaction
    .insertInto('users')
    .values({ ...created, email_verified_at: null, disabled_at: null })
    // Two registrations at the same moment: the second waits for the first, then finds its row.
    .onConflict((conflict) =>
      conflict.column('email').doUpdateSet({ password_hash: hash }).where('users.email_verified_at', 'is', null).where('users.disabled_at', 'is', null),
    )
    .returning('id')
    .executeTakeFirst();
  if (pending) {
    context.audit('user_created', { userId: pending.id });
    const token = await issueOneTimeToken(transaction, { userId: pending.id, purpose: 'verify-email', now });
    return verifyEmail(config.publicUrl, token);
  }
  const known = await transaction.selectFrom('users').select('disabled_at').where('email', '=', email).executeTakeFirst();
  return known?.disabled_at === null ? accountExists(config.publicUrl) : undefined;
}
