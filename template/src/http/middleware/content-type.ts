import type { Request, RequestHandler } from 'express';
import { Problem } from '../problem.ts';
import type { AnyRoute } from '../route.ts';

/**
 * Requests and responses are JSON only. Any web page can send a form or `text/plain` body without a preflight (CORS
 * "simple requests"), and bodies in another charset or compression would bypass our checks. Source: ASVS 5.0 3.5.2, 4.1.1.
 */
export function requireJson(route: AnyRoute): RequestHandler {
  return (request, _response, next) => {
    if (!acceptsJson(request)) throw notAcceptable();
    if (carriesBody(request)) {
      if (route.body === undefined) throw unexpectedBody();
      if (!isPlainJson(request)) throw unsupportedMediaType();
    }
    next();
  };
}

const carriesBody = ({ headers }: Request) => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function isPlainJson({ headers }: Request): boolean {
  const [type, ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  return (
    type?.trim() === 'application/json' &&
    parameters.every((parameter) => /^ *charset="?utf-8"? *$/.test(parameter)) &&
    (headers['content-encoding'] ?? 'identity').toLowerCase() === 'identity'
  );
}

const acceptsJson = (request: Request) => request.headers.accept === undefined || request.accepts('application/json') !== false;

const notAcceptable = () => new Problem({ status: 406, code: 'not-acceptable', title: 'Responses are application/json only.' });

const unsupportedMediaType = () =>
  new Problem({
    status: 415,
    code: 'unsupported-media-type',
    title: 'Send application/json in UTF-8, without compression.',
    headers: { 'Accept-Post': 'application/json' },
  });

const unexpectedBody = () =>
  new Problem({
    status: 400,
    code: 'invalid-request',
    title: 'This operation takes no body.',
    errors: [{ path: 'body', rule: 'not-expected' }],
  });
