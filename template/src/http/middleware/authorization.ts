import type { RequestHandler } from 'express';
import type { Authenticator } from '../authenticator.ts';
import { holds } from '../../access/policy.ts';
import type { Access } from '../../access/rules.ts';
import { forbidden, unauthenticated } from '../problem.ts';
import { contextOf } from '../request-context.ts';

/** Authenticates the caller. Routes that are not public refuse requests without credentials. */
export function authenticate(authenticator: Authenticator, access: Access): RequestHandler {
  return async (request, _response, next) => {
    authenticator.guard(request);
    if (access.kind !== 'public') {
      const caller = await authenticator.authenticate(request);
      if (caller === undefined) throw unauthenticated();
      contextOf(request).caller = caller;
    }
    next();
  };
}

/** Checks the access rule of the route. A request that no rule allows gets 403. */
export function authorise(access: Access): RequestHandler {
  return (request, _response, next) => {
    const { principal } = contextOf(request);
    const allowed =
      access.kind === 'public' ||
      (principal !== undefined && (access.kind === 'authenticated' || holds(principal.role, access.permission)));
    if (!allowed) throw forbidden();
    // In addition to the rights of the owner, which are checked above.
    if (principal?.limits && !principal.limits.opens(access)) throw forbidden();
    next();
  };
}
