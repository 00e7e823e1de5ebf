import { overloaded } from '../http/problem.ts';

export interface GateOptions {
  /** Most pieces of work at once. */
  readonly running: number;
  /** Most callers kept waiting for their turn. */
  readonly waiting: number;
}

export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

const RETRY_AFTER_SECONDS = 5;

/**
 * Lets a fixed number of expensive pieces of work run at once; the rest waits in line, and whoever finds the line full
 * is turned away. Password hashing shares libuv's threads with token verification: without a gate a burst of logins
 * stops everybody else.
 *
 * @returns runs the work in turn; rejects with Problem 503 when the line is full
 */
export function createGate({ running, waiting }: GateOptions): Gate {
  const line: (() => void)[] = [];
  let active = 0;

  async function enter(): Promise<void> {
    if (active < running) {
      active += 1;
      return;
    }
    if (line.length >= waiting) throw overloaded(RETRY_AFTER_SECONDS);
    await new Promise<void>((resolve) => line.push(resolve));
  }

  /** Hands the place on, so nobody overtakes the line. */
  function leave(): void {
    const next = line.shift();
    if (next) next();
    else active -= 1;
  }

  return async (work) => {
    await enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
