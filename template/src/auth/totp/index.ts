import { authenticatedBeforeEnrolment, isOpenBeforeEnrolment, needsSecondFactor } from '../../access/enrolment.ts';
import type { Principal } from '../../access/principal.ts';
import type { Authenticator } from '../../http/authenticator.ts';
import type { AnyRoute } from '../../http/route.ts';
import type { Services } from '../../services.ts';
import { removalByAdmin } from './admin-route.ts';
import { factorRoutes } from './routes.ts';
import { secondFactorRequired } from './rules.ts';
import { createFactors } from './store.ts';

const LOGOUT = '/api/v1/auth/logout';

/**
 * Adds the second factor to the strategy of people. The login in two steps is in `login.ts`. Here callers whose role
 * needs a factor that they do not have get limits on every request, so that `authorise` refuses all but the enrolment.
 */
export function withSecondFactor(services: Services, strategy: Authenticator): Authenticator {
  const factors = createFactors(services.database);

  return {
    ...strategy,
    authenticate: async (request) => {
      const caller = await strategy.authenticate(request);
      if (!caller || !needsSecondFactor(caller.principal.role)) return caller;
      if (await factors.isConfirmed(caller.principal.userId)) return caller;
      return { ...caller, principal: enrolmentOnly(caller.principal) };
    },
    routes: [...strategy.routes.map(openLogout), ...factorRoutes(services), removalByAdmin(services)],
  };
}

/** Refuses every route that is not open before the enrolment, whatever the role or other limits allow. */
const enrolmentOnly = (principal: Principal): Principal => ({
  ...principal,
  limits: {
    opens: (access) => {
      if (!isOpenBeforeEnrolment(access)) throw secondFactorRequired();
      return principal.limits?.opens(access) ?? true;
    },
    countedAs: principal.limits?.countedAs ?? principal.userId,
  },
});

const openLogout = (route: AnyRoute): AnyRoute => (route.path === LOGOUT ? { ...route, access: authenticatedBeforeEnrolment } : route);
