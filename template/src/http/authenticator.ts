import type { Request } from 'express';
import type { Caller } from '../access/principal.ts';
import type { Access } from '../access/rules.ts';
import type { DeveloperPage } from './developer-page.ts';
import type { AnyRoute } from './route.ts';

export interface AuthenticationScheme {
  readonly name: string;
  /** Security scheme for the OpenAPI document. */
  readonly definition: Readonly<Record<string, string>>;
  /**
   * The value of `WWW-Authenticate`, which every 401 must have. Source: RFC 9110, 11.6.1.
   *
   * @param code code of the problem, for example `invalid-token`
   */
  challenge(code: string): string;
}

/** What a request can have instead of a sign-in on some routes. */
export interface AlternativeScheme extends Pick<AuthenticationScheme, 'definition' | 'name'> {
  opens(access: Access): boolean;
}

/** A way to authenticate callers. `app.ts` knows only this interface, not the strategy behind it. */
export interface Authenticator {
  readonly scheme: AuthenticationScheme;
  readonly alternatives: readonly AlternativeScheme[];
  /**
   * The caller, or undefined when the request has no credentials.
   * @throws Problem 401 when the credentials are not valid.
   */
  authenticate(request: Request): Promise<Caller | undefined>;
  /** Refuses a request that valid credentials alone do not make safe (with cookies: a cross-site request). */
  guard(request: Request): void;
  /** Whether pages of the listed CORS origins may send the credentials that browsers add by themselves: cookies. */
  readonly corsCredentials: boolean;
  /** Routes of this strategy, for example sign-in and sign-out. */
  readonly routes: readonly AnyRoute[];
  /** Pages that show how to use it. Production does not serve them. */
  readonly developerPages: readonly DeveloperPage[];
}
