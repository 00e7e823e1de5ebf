import { randomInt, randomUUID } from 'node:crypto';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import type { UpkeepTask } from '../database/upkeep-task.ts';
import type { Services } from '../services.ts';
import { holdUpkeepLock, releaseUpkeepLock } from './upkeep-store.ts';

/** Milliseconds from the start to the first run, and between runs. Random, so that processes take turns. */
const FIRST_MS = { min: 500, max: 1500 };
const NEXT_MS = { min: 50_000, max: 70_000 };
/** After a process was killed during the upkeep, no process does it for this long, in milliseconds. */
const LOCK_MS = 60_000;

export interface Upkeep {
  /** Runs all tasks now, unless another process does. A call during a run returns that run. It never rejects. */
  run(): Promise<void>;
  /** Runs from now on, again and again. */
  start(): void;
  /** Ends a run after its current statement; no further run begins. */
  stop(): Promise<void>;
}

/** Thrown between two portions. It is no failure: the next run continues. */
class Interrupted extends Error {}

/**
 * Keeps the database small beside the requests: see `UpkeepTask`. Any number of processes may run it on one database. If a
 * task fails, it is logged, the other tasks run, and the next run tries again.
 */
export function createUpkeep({ clock, database, log }: Pick<Services, 'clock' | 'database' | 'log'>, tasks: readonly UpkeepTask[]): Upkeep {
  const holder = randomUUID();
  let heldUntil = 0;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function hold(): Promise<boolean> {
    const now = clock();
    heldUntil = now + LOCK_MS;
    return holdUpkeepLock(database, { holder, now, until: heldUntil });
  }

  async function pause(): Promise<void> {
    await turnOfTheEventLoop();
    const isHalfOver = clock() > heldUntil - LOCK_MS / 2;
    if (stopped || (isHalfOver && !(await hold()))) throw new Interrupted();
  }

  async function attempt({ name, run }: UpkeepTask): Promise<void> {
    try {
      await run({ database, now: clock(), pause });
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      log.error('upkeep_failed', { task: name, error });
    }
  }

  async function runAll(): Promise<void> {
    if (!(await hold())) return;
    try {
      for (const task of tasks) {
        await attempt(task);
        await pause();
      }
    } finally {
      await releaseUpkeepLock(database, holder);
    }
  }

  function report(error: unknown): void {
    if (!(error instanceof Interrupted)) log.error('upkeep_failed', { error });
  }

  const run = (): Promise<void> =>
    (running ??= runAll()
      .catch(report)
      .finally(() => {
        running = undefined;
      }));

  function schedule({ min, max }: typeof FIRST_MS): void {
    if (stopped) return;
    timer = setTimeout(
      () => {
        void run().then(() => {
          schedule(NEXT_MS);
        });
      },
      randomInt(min, max),
    ).unref();
  }

  return {
    run,
    start: () => {
      schedule(FIRST_MS);
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
