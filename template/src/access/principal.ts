import type { Role } from './policy.ts';

/** Who calls: read from the database on every request, never from a token or from the client. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: Role;
  /** When the session's credentials were last proven, in milliseconds since 1970. */
  readonly authenticatedAt: number;
}
