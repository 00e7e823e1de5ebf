import type { z } from 'zod';
import { inOneUnit } from '../database/unit-of-work.ts';
import { dangerouslyPublic, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import type { Services } from '../services.ts';
import { createAccounts } from './account-store.ts';
import type { SessionOpening } from './session-opening.ts';
import { createPasswordCheck, createSessionOpening, credentials, keepPassword } from './sign-in.ts';

/** The login with a password, for any strategy. */
export function loginRoutes<R extends z.ZodType>(services: Services, opening: SessionOpening<R>): readonly AnyRoute[] {
  const { database } = services;
  const accounts = createAccounts(database);
  const check = createPasswordCheck(services);
  const openSession = createSessionOpening(services);
  const response: z.ZodType = opening.response;

  return [
    route({
      method: 'post',
      path: '/api/v1/auth/login',
      summary: opening.summary,
      access: dangerouslyPublic('the password is the proof'),
      body: credentials,
      problems: opening.problems,
      status: 200,
      response,
      handle: ({ body, context }) =>
        opening.open(context, async (complete) => {
          const checked = await check(body, context);
          const result = await inOneUnit(database, async (unit) => {
            await keepPassword(accounts, unit, checked);
            return openSession(unit, checked.userId, context, complete);
          });
          await checked.succeeded();
          context.audit('authn_login_success', { userId: checked.userId });
          return result;
        }),
    }),
  ];
}
