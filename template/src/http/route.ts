import type { z } from 'zod';
import type { Principal } from '../access/principal.ts';
import type { Access } from '../access/rules.ts';
import type { RequestContext } from './request-context.ts';

export type Method = 'delete' | 'get' | 'patch' | 'post' | 'put';

type Parsed<S extends z.ZodType | undefined> = S extends z.ZodType ? z.output<S> : undefined;

/** What a handler sees: parsed values only, never the raw request. */
export interface HandlerInput<
  A extends Access,
  P extends z.ZodType | undefined,
  Q extends z.ZodType | undefined,
  B extends z.ZodType | undefined,
> {
  readonly params: Parsed<P>;
  readonly query: Parsed<Q>;
  readonly body: Parsed<B>;
  readonly principal: A extends { kind: 'public' } ? undefined : Principal;
  readonly context: RequestContext;
}

/**
 * A route is data. Validation, authorisation, the OpenAPI document and the 405 answers all come from this declaration.
 * A part without a schema does not exist for the handler: a body sent to a route without `body` is refused.
 */
export interface Route<
  A extends Access = Access,
  P extends z.ZodType | undefined = z.ZodType | undefined,
  Q extends z.ZodType | undefined = z.ZodType | undefined,
  B extends z.ZodType | undefined = z.ZodType | undefined,
  R extends z.ZodType | undefined = z.ZodType | undefined,
> {
  readonly method: Method;
  /** Express path, for example `/api/v1/notes/:id`. */
  readonly path: string;
  readonly summary: string;
  readonly access: A;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Largest accepted body in bytes. Default 16 KiB. */
  readonly bodyLimit?: number;
  /** Codes of its 409 answers, for the API document. Default none. */
  readonly conflicts?: readonly string[];
  /** Status of success. */
  readonly status: 200 | 201 | 202 | 204;
  /** Further statuses with which `handle` refuses, for the OpenAPI document. */
  readonly problems?: readonly (401 | 403)[];
  /** Everything the answer may contain; anything else never leaves. Absent with 204. */
  readonly response?: R;
  handle(input: HandlerInput<A, P, Q, B>): Promise<R extends z.ZodType ? z.input<R> : undefined>;
}

/** A route whose parts no longer matter, as the registry keeps them. */
export type AnyRoute = Omit<Route, 'handle'> & { handle(input: never): Promise<unknown> };

/** Declares a route; types flow from its schemas into its handler. */
export function route<
  A extends Access,
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  R extends z.ZodType | undefined = undefined,
>(definition: Route<A, P, Q, B, R>): AnyRoute {
  return definition;
}
