import type { Request } from 'express';
import type { Principal } from '../access/principal.ts';
import type { AnyRoute } from './route.ts';

/** One way of proving who calls. `app.ts` knows this interface and no strategy. */
export interface Authenticator {
  /** Security scheme for the OpenAPI document. */
  readonly scheme: { readonly name: string; readonly definition: Readonly<Record<string, string>> };
  /**
   * The caller, or undefined when the request carries no credentials.
   * @throws Problem 401 when credentials are there and not valid.
   */
  authenticate(request: Request): Promise<Principal | undefined>;
  /** Refuses a request that its credentials alone do not make safe (for cookies: cross-site requests). */
  guard(request: Request): void;
  /** Sign-in, refresh and sign-out routes of this strategy. */
  readonly routes: readonly AnyRoute[];
}
