import type { Role } from './policy.ts';
import type { Access } from './rules.ts';

/** What credentials limit in addition to the role of their owner. */
export interface CredentialLimits {
  /** Whether a route is open to them, if the role of the owner allows it too. */
  opens(access: Access): boolean;
  /** Under which name their requests are counted: one program must not use up the requests of its owner. */
  readonly countedAs: string;
}

/** The authenticated caller: read from the database on every request, never from a token or from the client. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  /** When the credentials were last checked in this session, in milliseconds since 1970. */
  readonly authenticatedAt: number;
  /** Absent when the caller has signed in. */
  readonly limits?: CredentialLimits;
}

/** The account of the caller was disabled or deleted after its request was authenticated. The client gets 401. */
export class CallerGone extends Error {}

/** What callers see of their own account. No access rule depends on it. */
export interface Profile {
  readonly email: string;
  readonly displayName: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Principal and profile come from one query. */
export interface Caller {
  readonly principal: Principal;
  readonly profile: Profile;
}
