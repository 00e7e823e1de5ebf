import type { z } from 'zod';
import type { Principal, Profile } from '../access/principal.ts';
import type { Access } from '../access/rules.ts';
import type { RequestContext } from './request-context.ts';

// A feature declares its routes with these.
export { authenticated, can, dangerouslyPublic } from '../access/rules.ts';

export type Method = 'delete' | 'get' | 'patch' | 'post' | 'put';

type Parsed<S extends z.ZodType | undefined> = S extends z.ZodType ? z.output<S> : undefined;

/** Input of a handler: parsed values only, never the raw request. */
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
  readonly profile: A extends { kind: 'public' } ? undefined : Profile;
  readonly context: RequestContext;
}

/**
 * A route is data. Validation, authorisation, the OpenAPI document and 405 responses all come from this declaration.
 * A part without a schema is not accepted: a body sent to a route without `body` gets 400.
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
  /** Codes of its 409 responses, for the API document. Default: none. */
  readonly conflicts?: readonly string[];
  /** Status of success. */
  readonly status: 200 | 201 | 202 | 204;
  /** More error statuses that `handle` can send, for the OpenAPI document. */
  readonly problems?: readonly (401 | 403)[];
  /** All fields of the response; other fields are never sent. Absent with 204. */
  readonly response?: R;
  handle(input: HandlerInput<A, P, Q, B>): Promise<R extends z.ZodType ? z.input<R> : undefined>;
}

/** A route without the types of its parts, as the registry stores it. */
export type AnyRoute = Omit<Route, 'handle'> & { handle(input: never): Promise<unknown> };

/** Declares a route. The types of the handler's input come from the schemas. */
export function route<
  A extends Access,
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  R extends z.ZodType | undefined = undefined,
>(definition: Route<A, P, Q, B, R>): AnyRoute {
  return definition;
}
