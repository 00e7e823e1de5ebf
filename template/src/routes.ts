import type { Features } from './app.ts';
import { createAuthenticator } from './auth/chosen.ts';
import { passwordChangeRoute } from './auth/password-change.ts';
import { passwordResetRoutes } from './auth/password-reset.ts';
import { registrationRoutes } from './auth/registration.ts';
import { sessionRoutes } from './auth/session-routes.ts';
import { noteRoutes } from './notes/routes.ts';
import type { Services } from './services.ts';
import { meRoutes } from './users/me-routes.ts';
import { userRoutes } from './users/admin-routes.ts';

/** All routes of the API. Add one line for a new feature. */
export function createFeatures(services: Services): Features {
  const authenticator = createAuthenticator(services);
  return {
    authenticator,
    routes: [
      ...registrationRoutes(services),
      ...authenticator.routes,
      passwordChangeRoute(services),
      ...passwordResetRoutes(services),
      ...meRoutes(services),
      ...sessionRoutes(services),
      ...userRoutes(services),
      ...noteRoutes(services),
    ],
  };
}
