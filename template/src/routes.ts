import type { Features } from './app.ts';
import { createAuthenticator } from './auth/chosen.ts';
import { passwordChangeRoute } from './auth/password-change.ts';
import { passwordResetRoutes } from './auth/password-reset.ts';
import { registrationRoutes } from './auth/registration.ts';
import { sessionRoutes } from './auth/session-routes.ts';
import { features } from './features.ts';
import type { Services } from './services.ts';
import { meRoutes } from './users/me-routes.ts';
import { userRoutes } from './users/admin-routes.ts';
import { ownedByUser } from './users/owned-rows.ts';

/** All routes of the API. Your features are in `features.ts`. */
export function createFeatures(services: Services): Features {
  const authenticator = createAuthenticator(services);
  return {
    authenticator,
    routes: [
      ...registrationRoutes(services),
      ...authenticator.routes,
      passwordChangeRoute(services),
      ...passwordResetRoutes(services),
      ...meRoutes(services, ownedByUser(features)),
      ...sessionRoutes(services),
      ...userRoutes(services),
      ...features.flatMap((feature) => feature.routes(services)),
    ],
  };
}
