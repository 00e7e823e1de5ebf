/** One wrong field: where it is and which rule it breaks, never what was sent. */
export interface FieldError {
  /** For example `body.email` or `query.limit`. */
  readonly path: string;
  readonly rule: string;
}

/** Most errors of one part: parameters, query or body. */
export const MAX_ERRORS = 20;

export interface ProblemDetails {
  /** HTTP status. */
  readonly status: number;
  /** Stable name for programs, kebab-case, for example `invalid-credentials`. */
  readonly code: string;
  /** One sentence for people. Must never carry input or internals. */
  readonly title: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is an error on purpose; everything else thrown becomes a 500 without detail. Source: RFC 9457. */
export class Problem extends Error {
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails) {
    super(details.code);
    this.name = 'Problem';
    this.details = details;
  }
}

export const notFound = () =>
  new Problem({ status: 404, code: 'not-found', title: 'There is nothing here.' });

export const unauthenticated = (code = 'unauthenticated') =>
  new Problem({
    status: 401,
    code,
    title: 'Sign in to do this.',
    headers: { 'WWW-Authenticate': code === 'invalid-token' ? 'Bearer error="invalid_token"' : 'Bearer' },
  });

export const forbidden = () =>
  new Problem({ status: 403, code: 'forbidden', title: 'You may not do this.' });

export const overloaded = (retryAfterSeconds: number) =>
  new Problem({
    status: 503,
    code: 'overloaded',
    title: 'The service is busy. Try again shortly.',
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
