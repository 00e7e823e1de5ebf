import { setTimeout as sleep } from 'node:timers/promises';
import type { Services } from '../services.ts';

const CACHE_MS = 2000;
const TIMEOUT_MS = 1000;

export interface Readiness {
  /** Whether requests can be served now. Queries the database at most every two seconds, however often it is called. */
  isReady(): Promise<boolean>;
  /** From now on `isReady` returns false. */
  drain(): void;
}

export function createReadiness({ clock, database }: Pick<Services, 'clock' | 'database'>): Readiness {
  let draining = false;
  let expiresAt = -Infinity;
  let answer = Promise.resolve(false);

  async function ping(): Promise<boolean> {
    const query = database.selectNoFrom((eb) => eb.lit(1).as('one')).execute();
    const answered = query.then(
      () => true,
      () => false,
    );
    const given = new AbortController();
    const timedOut = sleep(TIMEOUT_MS, false, { signal: given.signal }).catch(() => false);
    return Promise.race([answered, timedOut]).finally(() => {
      given.abort();
    });
  }

  return {
    async isReady() {
      if (draining) return false;
      if (clock() >= expiresAt) {
        expiresAt = clock() + CACHE_MS;
        answer = ping();
      }
      return answer;
    },
    drain() {
      draining = true;
    },
  };
}
