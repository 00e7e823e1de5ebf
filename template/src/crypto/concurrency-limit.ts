import { createFairQueue } from './fair-queue.ts';

export interface ConcurrencyLimitOptions {
  /** Most pieces of work at once. */
  readonly maxRunning: number;
  /** Most callers kept waiting for their turn. */
  readonly maxQueued: number;
  /** Most places, at work and in line, that one caller holds. */
  readonly maxPerCaller: number;
  /** Longest wait in milliseconds. */
  readonly maxWaitMs: number;
}

export interface Visitor {
  /** Whose places are counted together. Default: a caller of its own, for work that no stranger can ask for. */
  readonly who?: string | undefined;
  /** Aborts when nobody waits for the result any more. */
  readonly gone?: AbortSignal | undefined;
}

export type ConcurrencyLimit = <T>(visitor: Visitor, work: () => Promise<T>) => Promise<T>;

/** The work has not begun, and will not: too much is waiting. */
export class QueueFull extends Error {
  constructor() {
    super('too much is waiting');
    this.name = 'QueueFull';
  }
}

/**
 * Lets a fixed number of expensive pieces of work run at once. The rest waits in line, and callers take turns. Password
 * hashing shares libuv's threads with token verification: without a gate a burst of logins stops everybody else, and
 * with one line for all a single address keeps everybody else from signing in.
 *
 * @returns runs the work in turn; rejects with QueueFull when the line is full, when the caller holds as many places
 *   as one may, when its turn does not come in time, or when it has gone. Then the work has not begun
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
      const begin = (): void => { settle(resolve); };
      const giveUp = (): void => {
        queue.leave(caller, begin);
        settle(() => { reject(new QueueFull()); });
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

  /** Hands the place on, so nobody overtakes the queue. */
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
