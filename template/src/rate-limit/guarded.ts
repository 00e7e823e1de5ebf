import { repeatedEvent } from '../observability/repeated-event.ts';
import { createBatches } from './batches.ts';
import type { LimitCounter, LimitOptions, Tally } from './counter.ts';
import type { LimitNeeds } from './store.ts';
import { createWindows } from './windows.ts';

/** Longest wait for the store, in milliseconds, so that a slow store does not block every request. */
const PATIENCE_MS = 1000;
/** After a failure the store is tried once in this time, in milliseconds: many tries at once could overload it again. */
const REST_MS = 1000;

/**
 * Counts every hit in this process and in the store. A key that is over the limit in this process is refused without a
 * query, so that a flood does not reach the store. If the store fails or is slow, the count of this process decides.
 */
export function createLimitCounter(options: LimitOptions, { clock, counter, log, metrics }: LimitNeeds): LimitCounter {
  const local = createWindows(options.windowMs, clock);
  const store = counter(options);
  const report = repeatedEvent(log, 'error', 'rate_limit_store_failed', options.windowMs);
  const rest = createRest(clock);
  const add = createBatches((key, hits) => (rest.over() ? withDeadline(store.increment(key, hits)) : Promise.reject(RESTING)));

  function decideAlone(tally: Tally, error: unknown): Tally {
    metrics.countLimiterFallback();
    if (error !== RESTING) {
      rest.begin();
      report({ limiter: options.prefix, error });
    }
    return tally;
  }

  return {
    async increment(key) {
      const window = local.hit(key, 1);
      const own = { hits: window.hits, resetsAt: window.resetsAt };
      if (own.hits > options.limit) return own;
      try {
        const { hits, resetsAt } = await add(key);
        rest.end();
        // Takes over the counts of other processes; hits that only this process counted stay until its window ends.
        window.hits = Math.max(window.hits, hits);
        window.resetsAt = Math.min(window.resetsAt, resetsAt);
        return { hits: Math.max(own.hits, hits), resetsAt };
      } catch (error) {
        return decideAlone(own, error);
      }
    },
  };
}

const RESTING = new Error('the store of the limits failed a moment ago');

interface Rest {
  begin(): void;
  end(): void;
  /** Whether the store may be queried. After a failure only one caller in each `REST_MS` may. */
  over(): boolean;
}

function createRest(clock: () => number): Rest {
  let until = 0;
  return {
    begin: () => {
      until = clock() + REST_MS;
    },
    end: () => {
      until = 0;
    },
    over: () => {
      const now = clock();
      if (until === 0) return true;
      if (now < until) return false;
      until = now + REST_MS;
      return true;
    },
  };
}

/** @throws Error when the work takes longer than `PATIENCE_MS` */
function withDeadline<T>(work: Promise<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const deadline = setTimeout(() => {
    reject(new Error('the store of the limits is too slow'));
  }, PATIENCE_MS);
  void work.then(resolve, reject).finally(() => {
    clearTimeout(deadline);
  });
  return promise;
}
