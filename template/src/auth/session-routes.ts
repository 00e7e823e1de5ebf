import { z } from 'zod';
import { notFound } from '../http/problem.ts';
import { authenticated, route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';
import type { Services } from '../services.ts';
import { createSessions } from './session-store.ts';
import { MAX_PER_USER } from './sessions.ts';

const session = z.strictObject({
  id: z.uuid(),
  createdAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  ip: z.string(),
  userAgent: z.string(),
  current: z.boolean(),
});

/** Where the caller is signed in. Source: ASVS 5.0 V7.5.2. */
export function sessionRoutes({ database, clock }: Services): readonly AnyRoute[] {
  const sessions = createSessions(database);

  return [
    route({
      method: 'get',
      path: '/api/v1/me/sessions',
      summary: 'Where you are signed in',
      access: authenticated,
      status: 200,
      response: z.strictObject({ items: z.array(session).max(MAX_PER_USER) }),
      handle: async ({ principal }) => {
        const rows = await sessions.listOwn(principal, { limit: MAX_PER_USER, now: clock() });
        const items = rows.map((row) => ({
          id: row.id,
          createdAt: new Date(row.created_at).toISOString(),
          lastSeenAt: new Date(row.last_seen_at).toISOString(),
          ip: row.ip_prefix,
          userAgent: row.user_agent,
          current: row.id === principal.sessionId,
        }));
        return { items };
      },
    }),
    route({
      method: 'delete',
      path: '/api/v1/me/sessions/:id',
      summary: 'Sign one of your devices out',
      access: authenticated,
      params: z.strictObject({ id: z.uuid() }),
      status: 204,
      handle: async ({ principal, params, context }) => {
        if (!(await sessions.endOwn(principal, params.id, clock()))) throw notFound();
        context.audit('authn_token_revoked', { sessionId: params.id });
        return undefined;
      },
    }),
  ];
}
