import type { UnitOfWork } from '../database/unit-of-work.ts';
import type { RequestContext } from '../http/request-context.ts';

/** What a strategy does with the tokens of open sessions when the rights or the proof behind them change. */
export interface TokenRotation {
  /**
   * The owner has changed how to sign in, in this session, which stays open.
   *
   * @returns what sends the new token to the client; call it after the unit is stored
   */
  atOwnChange(unit: UnitOfWork, sessionId: string): Promise<(context: RequestContext) => void>;
  /** An administrator has set the role of the user. */
  atRoleChange(unit: UnitOfWork, user: { readonly userId: string; readonly now: number }): Promise<void>;
}
