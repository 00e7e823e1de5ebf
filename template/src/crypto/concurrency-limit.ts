import { createFairLine } from './fair-queue.ts';

export interface GateOptions {
  /** Maximum number of tasks that run at once. */
  readonly running: number;
  /** Maximum number of tasks that wait. */
  readonly waiting: number;
  /** Maximum number of tasks, running and waiting, of one caller. */
  readonly perCaller: number;
  /** Longest wait in milliseconds. */
  readonly patienceMs: number;
}

export interface Visitor {
  /** Caller whose tasks are counted together. Default: counted alone, for work that strangers cannot start. */
  readonly who?: string | undefined;
  /** Aborts when the client has disconnected. */
  readonly gone?: AbortSignal | undefined;
}

export type Gate = <T>(visitor: Visitor, work: () => Promise<T>) => Promise<T>;

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
export function createGate({ running, waiting, perCaller, patienceMs }: GateOptions): Gate {
  const line = createFairLine<() => void>();
  const held = new Map<unknown, number>();
  let active = 0;

  function hold(caller: unknown, change: 1 | -1): void {
    const places = (held.get(caller) ?? 0) + change;
    if (places > perCaller) throw new QueueFull();
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
      const begin = (): void => { settle(resolve); };
      const giveUp = (): void => {
        line.leave(caller, begin);
        settle(() => { reject(new QueueFull()); });
      };
      const timer = setTimeout(giveUp, patienceMs);
      gone?.addEventListener('abort', giveUp);
      line.join(caller, begin);
    });
  }

  async function enter(caller: unknown, gone: AbortSignal | undefined): Promise<void> {
    if (active >= running) {
      if (gone?.aborted || line.size() >= waiting) throw new QueueFull();
      await wait(caller, gone);
    } else active += 1;
  }

  /** Gives the place to the next task in the queue, so that a new task cannot overtake it. */
  function leave(): void {
    const next = line.next();
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
