import type { Request } from 'express';
import type { Caller } from '../access/principal.ts';
import type { AnyRoute } from './route.ts';

/** A way to authenticate callers. `app.ts` knows only this interface, not the strategy behind it. */
export interface Authenticator {
  /** Security scheme for the OpenAPI document. */
  readonly scheme: { readonly name: string; readonly definition: Readonly<Record<string, string>> };
  /**
   * The caller, or undefined when the request has no credentials.
   * @throws Problem 401 when the credentials are not valid.
   */
  authenticate(request: Request): Promise<Caller | undefined>;
  /** Refuses a request that valid credentials alone do not make safe (with cookies: a cross-site request). */
  guard(request: Request): void;
  /** Sign-in, refresh and sign-out routes of this strategy. */
  readonly routes: readonly AnyRoute[];
}
