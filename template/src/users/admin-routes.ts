import { pageQuery, toPage } from '../http/pagination.ts';
import { notFound } from '../http/problem.ts';
import { can, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import type { Services } from '../services.ts';
import { changeUser } from './administration.ts';
import { problemOf, yourself } from './rules.ts';
import { createUsers } from './store.ts';
import { toUser, user, userChange, userId, userPage } from './schema.ts';

/** Users, for administrators. */
export function userRoutes(services: Services): readonly AnyRoute[] {
  const users = createUsers(services.database);

  return [
    route({
      method: 'get',
      path: '/api/v1/users',
      summary: 'All users, newest first',
      access: can('users:read'),
      query: pageQuery,
      status: 200,
      response: userPage,
      handle: async ({ principal, query, context }) => {
        context.audit('authz_admin', { action: 'list-users' });
        return toPage(await users.pageOfAll(principal, query), query.limit, toUser);
      },
    }),
    route({
      method: 'get',
      path: '/api/v1/users/:id',
      summary: 'One user',
      access: can('users:read'),
      params: userId,
      status: 200,
      response: user,
      handle: async ({ principal, params, context }) => {
        context.audit('authz_admin', { action: 'read-user', target: params.id });
        const found = await users.find(principal, params.id);
        if (!found) throw notFound();
        return toUser(found);
      },
    }),
    route({
      method: 'patch',
      path: '/api/v1/users/:id',
      summary: 'Change the role of a user or disable a user; both take effect on their next request',
      access: can('users:write'),
      params: userId,
      body: userChange,
      conflicts: ['cannot-change-yourself'],
      status: 200,
      response: user,
      handle: async ({ principal, params, body, context }) => {
        if (params.id === principal.userId) throw yourself();
        const changed = await changeUser(services, principal, params.id, body);
        if (typeof changed === 'string') throw problemOf(changed);
        context.audit('authz_change', { target: changed.id, role: changed.role, disabled: changed.disabled_at !== null });
        return toUser(changed);
      },
    }),
  ];
}
