import type { Express, Request, RequestHandler } from 'express';
import { notFound, Problem } from './problem.ts';
import { contextOf } from './request-context.ts';
import type { AnyRoute } from './route.ts';

/**
 * Mounts each route after the given steps. Methods that a path does not declare get 405, also `OPTIONS` and `TRACE`.
 * Headers that override the method are ignored.
 *
 * @throws Error when two routes have the same method and path: one of them would never run
 */
export function mountRoutes(app: Express, routes: readonly AnyRoute[], steps: (route: AnyRoute) => RequestHandler[]): void {
  for (const [path, declared] of Map.groupBy(routes, (route) => route.path)) {
    const methods = declared.map((route) => route.method);
    if (new Set(methods).size < methods.length) throw new Error(`a route on ${path} is declared twice`);
    const entry = app.route(path).all(recordRoute(path));
    for (const route of declared) entry[route.method](steps(route));
    entry.all(refuseMethod(methods));
  }
}

/** Fixed documents for GET and HEAD, by exact path. */
export function staticDocuments(table: ReadonlyMap<string, RequestHandler>): RequestHandler {
  return (request, response, next) => {
    const page = table.get(request.path);
    if (page === undefined) {
      next();
      return;
    }
    contextOf(request).route = request.path;
    if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(['get']);
    return page(request, response, next);
  };
}

/** Requests that match no route and no page. */
export const notFoundHandler: RequestHandler = () => {
  throw notFound();
};

const recordRoute =
  (path: string): RequestHandler =>
  (request: Request, _response, next) => {
    contextOf(request).route = path;
    next();
  };

const refuseMethod =
  (methods: readonly string[]): RequestHandler =>
  () => {
    throw methodNotAllowed(methods);
  };

function methodNotAllowed(methods: readonly string[]): Problem {
  const allow = methods.includes('get') ? ['head', ...methods] : methods;
  return new Problem({
    status: 405,
    code: 'method-not-allowed',
    title: 'This resource does not support that method.',
    headers: {
      Allow: allow
        .map((method) => method.toUpperCase())
        .toSorted()
        .join(', '),
    },
  });
}
