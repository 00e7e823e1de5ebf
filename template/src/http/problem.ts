/** One invalid field: its path and the rule it breaks, never its value. */
export interface FieldError {
  /** For example `body.email` or `query.limit`. */
  readonly path: string;
  readonly rule: string;
}

/** Maximum number of errors for one part: parameters, query or body. */
export const MAX_ERRORS = 20;

export interface ProblemDetails {
  /** HTTP status. */
  readonly status: number;
  /** Stable code for programs, in kebab-case, for example `invalid-credentials`. */
  readonly code: string;
  /** One sentence for people. It must not contain input or internals. */
  readonly title: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error that is sent to the client as it is. Any other thrown value becomes a 500 without details. Source: RFC 9457. */
export class Problem extends Error {
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails) {
    super(details.code);
    this.name = 'Problem';
    this.details = details;
  }
}

export const notFound = () => new Problem({ status: 404, code: 'not-found', title: 'Not found.' });

export const unauthenticated = (code = 'unauthenticated') => new Problem({ status: 401, code, title: 'Sign in to do this.' });

export const forbidden = () => new Problem({ status: 403, code: 'forbidden', title: 'You do not have permission to do this.' });

export const overloaded = (retryAfterSeconds: number) =>
  new Problem({
    status: 503,
    code: 'overloaded',
    title: 'The service is busy. Try again in a few seconds.',
    headers: { 'Retry-After': String(retryAfterSeconds) },
  });

/** @param resetsAt when the caller may try again, in milliseconds since 1970 */
export const tooManyRequests = (resetsAt: number, now: number) =>
  new Problem({
    status: 429,
    code: 'too-many-requests',
    title: 'Too many requests. Try again later.',
    headers: { 'Retry-After': String(Math.max(1, Math.ceil((resetsAt - now) / 1000))) },
  });
