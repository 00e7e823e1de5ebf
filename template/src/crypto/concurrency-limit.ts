import { createFairQueue } from './fair-queue.ts';

export interface ConcurrencyLimitOptions {
  /** Maximum number of tasks that run at once. */
  readonly maxRunning: number;
  /** Maximum number of tasks that wait. */
  readonly maxQueued: number;
  /** Maximum number of tasks, running and waiting, of one caller. */
  readonly maxPerCaller: number;
  /** Longest wait in milliseconds. */
  readonly maxWaitMs: number;
}

export interface Visitor {
  /** Caller whose tasks are counted together. Default: counted alone, for work that strangers cannot start. */
  readonly who?: string | undefined;
  /** Aborts when the client has disconnected. */
  readonly gone?: AbortSignal | undefined;
}

export type ConcurrencyLimit = <T>(visitor: Visitor, work: () => Promise<T>) => Promise<T>;

/** Too many tasks are waiting: the work did not start and will not start. */
export class QueueFull extends Error {
  constructor() {
    super('too many tasks are waiting');
    this.name = 'QueueFull';
  }
}

/**
 * Runs a fixed number of expensive tasks at once. Further tasks wait in a queue, and callers take turns. Password
 * hashing shares libuv's threads with token verification: without a limit a burst of logins would block all other
 * requests, and without turns one address could fill the queue and keep others from signing in.
 *
 * @returns a function that runs the work when its turn comes. It rejects with QueueFull, and the work does not start,
 *   when the queue is full, the caller has its maximum of tasks, the wait is too long or the client has disconnected
 */
export function createConcurrencyLimit({ maxRunning, maxQueued, maxPerCaller, maxWaitMs }: ConcurrencyLimitOptions): ConcurrencyLimit {
  const queue = createFairQueue<() => void>();
  const held = new Map<unknown, number>();
  let active = 0;

  function hold(caller: unknown, change: 1 | -1): void {
    const places = (held.get(caller) ?? 0) + change;
    if (places > maxPerCaller) throw new QueueFull();
    if (places > 0) held.set(caller, places);
    else held.delete(caller);
  }

  function wait(caller: unknown, gone: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        gone?.removeEventListener('abort', giveUp);
        end();
      };
      const begin = (): void => {
        settle(resolve);
      };
      const giveUp = (): void => {
        queue.leave(caller, begin);
        settle(() => {
          reject(new QueueFull());
        });
      };
      const timer = setTimeout(giveUp, maxWaitMs);
      gone?.addEventListener('abort', giveUp);
      queue.join(caller, begin);
    });
  }

  async function enter(caller: unknown, gone: AbortSignal | undefined): Promise<void> {
    if (active >= maxRunning) {
      if (gone?.aborted || queue.size() >= maxQueued) throw new QueueFull();
      await wait(caller, gone);
    } else active += 1;
  }

  /** Gives the place to the next task in the queue, so that a new task cannot overtake it. */
  function leave(): void {
    const next = queue.next();
    if (next) next();
    else active -= 1;
  }

  return async ({ who, gone }, work) => {
    const caller = who ?? Symbol('unnamed');
    hold(caller, 1);
    try {
      await enter(caller, gone);
      try {
        return await work();
      } finally {
        leave();
      }
    } finally {
      hold(caller, -1);
    }
  };
}
