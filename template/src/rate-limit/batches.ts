import type { Counter, Tally } from './counter.ts';

interface Batch {
  hits: number;
  readonly total: Promise<Tally>;
}

/**
 * Runs at most one statement at a time for each key; hits that arrive meanwhile are added by the next one. Otherwise a
 * flood from one address would be thousands of statements that wait for one row and occupy every database connection.
 *
 * @returns a function that adds one hit and returns the count at its own place in the batch
 */
export function createBatches(increment: Counter['increment']): (key: string) => Promise<Tally> {
  const waiting = new Map<string, Batch>();
  const sent = new Map<string, Promise<unknown>>();

  function send(key: string, batch: Batch): Promise<Tally> {
    waiting.delete(key);
    const total = increment(key, batch.hits);
    const settled: Promise<unknown> = total.then(forget, forget);
    sent.set(key, settled);
    return total;

    function forget(): void {
      if (sent.get(key) === settled) sent.delete(key);
    }
  }

  function open(key: string): Batch {
    const before = sent.get(key) ?? Promise.resolve();
    const batch: Batch = { hits: 0, total: before.then(() => send(key, batch)) };
    waiting.set(key, batch);
    return batch;
  }

  return async (key) => {
    const batch = waiting.get(key) ?? open(key);
    batch.hits += 1;
    const place = batch.hits;
    const { hits, resetsAt } = await batch.total;
    return { hits: hits - batch.hits + place, resetsAt };
  };
}
