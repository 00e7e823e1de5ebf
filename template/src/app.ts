import express from 'express';
import type { Express, RequestHandler } from 'express';
import type { Authenticator } from './http/authenticator.ts';
import { authenticate, authorise } from './http/middleware/authorization.ts';
import { readBody } from './http/middleware/body.ts';
import { requireJson } from './http/middleware/content-type.ts';
import { crossOrigin } from './http/middleware/cors.ts';
import { errorHandler } from './http/middleware/error-handler.ts';
import { developerPageHandlers } from './http/developer-page.ts';
import { docsPage } from './http/docs-page.ts';
import { hostGuard } from './http/middleware/host-guard.ts';
import { openApi } from './http/openapi.ts';
import { globalLimit, userLimit } from './http/middleware/rate-limit.ts';
import { requestContext } from './http/request-context.ts';
import { requestLog } from './http/middleware/request-log.ts';
import { respond } from './http/middleware/response.ts';
import type { AnyRoute } from './http/route.ts';
import { mountRoutes, notFoundHandler, staticDocuments } from './http/router.ts';
import { securityHeaders } from './http/middleware/security-headers.ts';
import { securityTxt } from './http/security-txt.ts';
import { validate } from './http/middleware/validation.ts';
import { PROJECT_NAME } from './project.ts';
import type { Services } from './services.ts';

export interface Features {
  readonly authenticator: Authenticator;
  readonly routes: readonly AnyRoute[];
}

/** Every step of a request, from top to bottom. When a step refuses the request, the steps below it do not run. */
export function createApp(services: Services, features: Features): Express {
  const { config } = services;
  const { authenticator, routes } = features;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('strict routing');
  app.enable('case sensitive routing');
  app.enable('json escape');
  app.set('query parser', 'simple');
  // A trusted proxy can claim any client address. `true` would trust every client.
  app.set('trust proxy', config.trustedProxies);

  // Every request. No step before the rate limit is expensive, refuses or reports an event: a flood runs these steps each time.
  const cors = crossOrigin({ listed: config.corsOrigins, own: config.publicUrl, credentials: authenticator.corsCredentials });
  app.use(securityHeaders());
  app.use(requestContext(services));
  app.use(health());
  app.use(requestLog(services));
  app.use(cors.share);
  app.use(globalLimit(services));
  app.use(hostGuard(config.allowedHosts));
  app.use(cors.guard);

  // Every route: the body is read only after the caller is authenticated and authorised
  const perUser = userLimit(services);
  mountRoutes(app, routes, (route) => [
    authenticate(authenticator, route.access),
    perUser,
    authorise(route.access),
    requireJson(route),
    readBody(route),
    validate(route),
    respond(route, services),
  ]);
  app.use(publicPages(services));
  if (config.environment !== 'production') app.use(developerPages(services, features));

  // Every refusal and every error
  app.use(notFoundHandler);
  app.use(errorHandler({ log: services.log, scheme: authenticator.scheme }));
  return app;
}

/** Health checks must succeed during a flood, so they are neither limited nor logged. Fixed response, for any host name. */
const health = (): RequestHandler =>
  staticDocuments(
    new Map([
      [
        '/healthz',
        (_request, response) => {
          response.json({ status: 'ok' });
        },
      ],
    ]),
  );

const publicPages = (services: Services): RequestHandler =>
  staticDocuments(
    new Map<string, RequestHandler>([
      [
        '/',
        (_request, response) => {
          response.json({ name: PROJECT_NAME, security: '/.well-known/security.txt' });
        },
      ],
      ...securityTxt(services),
    ]),
  );

/** The API document would help attackers, so production does not serve it. */
function developerPages({ config }: Services, { authenticator, routes }: Features): RequestHandler {
  const document = openApi(config.publicUrl, routes, authenticator);
  return staticDocuments(
    new Map<string, RequestHandler>([
      [
        '/openapi.json',
        (_request, response) => {
          response.json(document);
        },
      ],
      ['/docs', docsPage(routes)],
      ...developerPageHandlers(authenticator.developerPages),
    ]),
  );
}
