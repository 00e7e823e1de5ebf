import { z } from 'zod';
import { holds } from '../../access/policy.ts';
import { inOneUnit } from '../../database/unit-of-work.ts';
import { forbidden, notFound } from '../../http/problem.ts';
import { can, route } from '../../http/route.ts';
import type { AnyRoute } from '../../http/route.ts';
import type { Services } from '../../services.ts';
import { createOutbox } from '../outbox.ts';
import { createSessions } from '../session-store.ts';
import { createPendingSignIns } from './pending-store.ts';
import { createFactors } from './store.ts';

const NEEDED = 'users:write';

/** For users who have lost their device and their recovery codes. Identify them before: docs/security.md. */
export function removalByAdmin(services: Services): AnyRoute {
  const { clock, database } = services;
  const factors = createFactors(database);
  const sessions = createSessions(database);
  const pendings = createPendingSignIns(database);
  const outbox = createOutbox(services);

  return route({
    method: 'delete',
    path: '/api/v1/users/:id/second-factor',
    summary: 'Remove the second factor of a user who has lost it; their sessions end, and they get a mail',
    access: can(NEEDED),
    params: z.strictObject({ id: z.uuid() }),
    status: 204,
    handle: async ({ principal, params: { id }, context }) => {
      // A stolen session of an administrator must not remove the factor that protects it.
      if (id === principal.userId) throw forbidden();
      await inOneUnit(database, async (unit) => {
        // In one order for all requests: two administrators may do this to each other at the same moment.
        const locked = new Map<string, Awaited<ReturnType<typeof factors.lockOwner>>>();
        for (const one of [id, principal.userId].sort()) locked.set(one, await factors.lockOwner(unit, one));
        const [user, admin] = [locked.get(id), locked.get(principal.userId)];
        if (admin?.disabled_at !== null || !holds(admin.role, NEEDED)) throw forbidden();
        if (!user || !(await factors.remove(unit, id))) throw notFound();
        await pendings.endAll(unit, id);
        await sessions.endAll(unit, { userId: id, now: clock() });
        await outbox.notify(unit, { kind: 'second-factor-removed', email: user.email });
      });
      context.audit('authn_factor_change', { change: 'removed', targetId: id });
      return undefined;
    },
  });
}
