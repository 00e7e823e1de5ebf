import type { z } from 'zod';
import type { RequestContext } from '../http/request-context.ts';
import type { Completion } from './sign-in.ts';

/** How a strategy begins a session, whatever the client has proved before. */
export interface SessionOpening<R extends z.ZodType = z.ZodType> {
  /** What the login exchanges the password for. */
  readonly summary: string;
  readonly problems: readonly (401 | 403)[];
  /** What the client gets. */
  readonly response: R;
  /** @param run checks the proof and opens the session; it writes the completion in the same unit */
  open(context: RequestContext, run: <T>(complete: Completion<T>) => Promise<T>): Promise<z.input<R>>;
}
