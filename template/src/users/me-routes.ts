import type { Owned } from '../database/portions.ts';
import { notFound } from '../http/problem.ts';
import { authenticated, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import type { Services } from '../services.ts';
import { closeOwnAccount, finishDeletion } from './deletion.ts';
import { lastAdmin, reauthenticationRequired, RECENT_MS } from './rules.ts';
import { createUsers } from './store.ts';
import { me, ownChange, toMe } from './schema.ts';

/**
 * The caller's own account.
 *
 * @param owned tables whose rows are deleted with it
 */
export function meRoutes({ database, clock }: Services, owned: readonly Owned[]): readonly AnyRoute[] {
  const users = createUsers(database);

  return [
    route({
      method: 'get',
      path: '/api/v1/me',
      summary: 'Your account',
      access: authenticated,
      status: 200,
      response: me,
      handle: ({ principal, profile }) => Promise.resolve(toMe(principal, profile)),
    }),
    route({
      method: 'patch',
      path: '/api/v1/me',
      summary: 'Change your display name',
      access: authenticated,
      body: ownChange,
      status: 200,
      response: me,
      handle: async ({ principal, profile, body, context }) => {
        if (!(await users.renameOwn(principal, body.displayName))) throw notFound();
        context.audit('user_updated');
        return toMe(principal, { ...profile, ...body });
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/me',
      summary: 'Delete your account and everything in it; needs a sign-in within the last five minutes',
      access: authenticated,
      problems: [403],
      conflicts: ['last-admin'],
      status: 204,
      handle: async ({ principal, context }) => {
        if (clock() - principal.authenticatedAt > RECENT_MS) throw reauthenticationRequired();
        if (!(await closeOwnAccount(database, principal, clock()))) throw lastAdmin();
        context.audit('user_deleted');
        await finishDeletion(database, owned, principal.userId);
        return undefined;
      },
    }),
  ];
}
