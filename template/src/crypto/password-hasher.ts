import { randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';
import { createConcurrencyLimit } from './concurrency-limit.ts';
import type { Visitor } from './concurrency-limit.ts';

/** bcrypt reads this many bytes and ignores the rest: "72 bytes" and "72 bytes plus anything" would be one password. */
export const MAX_PASSWORD_BYTES = 72;

/** `docs/security.md` has the same numbers, `test/throttle-table.test.ts` measures them. */
export const HASHING_LIMITS = { maxRunning: 3, maxQueued: 64, maxPerCaller: 4, maxWaitMs: 10_000 };

export interface Claim extends Visitor {
  readonly password: string;
  /** Called when the turn has come. Returns the hash of the account; null when there is none or it must not be compared. */
  readonly stored: () => Promise<string | null>;
}

export interface PasswordHasher {
  /**
   * @param who whose places in the line are counted together, for example the `addressKey` of the caller
   * @param gone aborts when nobody waits for the hash any more
   * @throws QueueFull when too many hashes are waiting
   */
  hash(password: string, who?: string, gone?: AbortSignal): Promise<string>;
  /**
   * Always costs as much as one hash of today's cost, whether or not there is an account behind it and however old its
   * hash is: time must not tell them apart. A hash that is dearer than today's cost takes longer.
   *
   * @throws QueueFull when too many hashes are waiting; `stored` was not called then
   */
  verify(claim: Claim): Promise<boolean>;
  /** Whether the hash is cheaper than what is asked for today. */
  isOutdated(hash: string): boolean;
}

/** A well-formed hash that belongs to no password. */
const dummy = (cost: number) => bcrypt.genSaltSync(cost) + randomBytes(16).toString('hex').slice(1);

/**
 * Stores and checks passwords with bcrypt. Source: ASVS 5.0 V11.4.2; OWASP Password Storage Cheat Sheet.
 *
 * @param cost base-2 logarithm of the number of rounds
 */
export function createPasswordHasher(cost: number): PasswordHasher {
  const limited = createConcurrencyLimit(HASHING_LIMITS);
  const dummyHash = dummy(cost);

  /** Two to the power of `spent` rounds are done: one decoy of each cost from there on makes them today's number. */
  async function spendRest(password: string, spent: number): Promise<void> {
    for (let rest = spent; rest < cost; rest += 1) await bcrypt.compare(password, dummy(rest));
  }

  async function compare({ password, stored }: Claim): Promise<boolean> {
    const found = await stored();
    const matches = await bcrypt.compare(password, found ?? dummyHash);
    if (found !== null) await spendRest(password, bcrypt.getRounds(found));
    return matches && found !== null && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES;
  }

  return {
    hash: (password, who, gone) => limited({ who, gone }, () => bcrypt.hash(password, cost)),
    verify: (claim) => limited(claim, () => compare(claim)),
    isOutdated: (hash) => bcrypt.getRounds(hash) < cost,
  };
}
