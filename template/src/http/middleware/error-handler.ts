import type { ErrorRequestHandler } from 'express';
import { CallerGone } from '../../access/principal.ts';
import { QueueFull } from '../../crypto/concurrency-limit.ts';
import { driver } from '../../database/chosen.ts';
import type { Log } from '../../observability/log.ts';
import type { SecurityEvent } from '../../observability/security-events.ts';
import type { AuthenticationScheme } from '../authenticator.ts';
import { overloaded, Problem, unauthenticated } from '../problem.ts';
import type { ProblemDetails } from '../problem.ts';
import { contextOf } from '../request-context.ts';

/** Problem codes that are logged as security events. */
const EVENTS: ReadonlyMap<string, SecurityEvent> = new Map([
  ['cross-site-request', 'malicious_cors'],
  ['forbidden', 'authz_fail'],
  ['invalid-request', 'input_validation_fail'],
  ['invalid-token', 'authn_token_invalid'],
  ['malformed-json', 'input_validation_fail'],
  ['misdirected-request', 'malicious_host'],
  ['too-many-requests', 'excess_rate_limit_exceeded'],
]);

interface ErrorHandlerNeeds {
  readonly log: Pick<Log, 'error'>;
  readonly scheme: Pick<AuthenticationScheme, 'challenge'>;
}

/** Last middleware: sends every error as problem+json, without internals. Source: RFC 9457; ASVS 5.0 16.5.1. */
export function errorHandler({ log, scheme }: ErrorHandlerNeeds): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const context = contextOf(request);
    const problem = asProblem(error);
    if (problem.status >= 500 && !(error instanceof Problem || error instanceof QueueFull)) {
      log.error('unexpected_error', { requestId: context.id, route: context.route, error });
    }
    if (response.headersSent) {
      // The response has begun: Express closes the connection, so that the client sees that it is incomplete.
      next(error);
      return;
    }
    const event = EVENTS.get(problem.code);
    if (event !== undefined) context.audit(event, { code: problem.code, fields: fieldsOf(problem) });
    if (problem.status === 401) response.set('WWW-Authenticate', scheme.challenge(problem.code));
    response
      .status(problem.status)
      .set(problem.headers ?? {})
      .set('Content-Type', 'application/problem+json; charset=utf-8')
      .json(document(problem, context.id));
  };
}

const INTERNAL: ProblemDetails = { status: 500, code: 'internal-error', title: 'Something went wrong on our side.' };

function asProblem(error: unknown): ProblemDetails {
  if (error instanceof Problem) return error.details;
  if (error instanceof CallerGone) return unauthenticated('invalid-token').details;
  if (error instanceof QueueFull || driver.isUnavailable(error)) return overloaded(5).details;
  if (error instanceof URIError) return { status: 400, code: 'invalid-request', title: 'The URL is not well-formed.' };
  // Status and message of a library's error were not written for clients and may contain internals.
  return INTERNAL;
}

function document({ status, code, title, errors }: ProblemDetails, requestId: string): object {
  return { type: 'about:blank', title, status, code, instance: `urn:request:${requestId}`, errors };
}

const fieldsOf = ({ errors = [] }: ProblemDetails) => errors.map(({ path, rule }) => `${path}: ${rule}`).join(', ');
