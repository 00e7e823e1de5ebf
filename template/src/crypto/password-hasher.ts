import { randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';
import { createGate } from './concurrency-limit.ts';
import type { Visitor } from './concurrency-limit.ts';

/** bcrypt ignores all bytes after these: two longer passwords with the same first 72 bytes would be the same password. */
export const MAX_PASSWORD_BYTES = 72;

/** `docs/security.md` states the same numbers, and `test/throttle-table.test.ts` measures them. */
const GATE = { running: 3, waiting: 64, perCaller: 4, patienceMs: 10_000 };

export interface Claim extends Visitor {
  readonly password: string;
  /** Called when the hash may run. Returns the hash of the account; null when there is none or it must not be compared. */
  readonly stored: () => Promise<string | null>;
}

export interface Passwords {
  /**
   * @param who caller whose hashes are counted together in the queue, for example an `addressKey`
   * @param gone aborts when the client has disconnected
   * @throws QueueFull when too many hashes are waiting
   */
  hash(password: string, who?: string, gone?: AbortSignal): Promise<string>;
  /**
   * Always computes as many rounds as one hash of the configured cost, with and without an account and for older hashes
   * too, so that the time does not show which accounts exist. Only a hash of a higher cost takes longer.
   *
   * @throws QueueFull when too many hashes are waiting; `stored` was not called then
   */
  verify(claim: Claim): Promise<boolean>;
  /** Whether the hash has a lower cost than the configured one. */
  isOutdated(hash: string): boolean;
}

/** A valid hash that no password matches. */
const decoy = (cost: number) => bcrypt.genSaltSync(cost) + randomBytes(16).toString('hex').slice(1);

/**
 * Stores and checks passwords with bcrypt. Source: ASVS 5.0 V11.4.2; OWASP Password Storage Cheat Sheet.
 *
 * @param cost base-2 logarithm of the number of rounds
 */
export function createPasswords(cost: number): Passwords {
  const gate = createGate(GATE);
  const nobody = decoy(cost);

  /** After a hash of cost `spent`, one decoy of each cost from `spent` to `cost - 1` gives 2^cost rounds in sum. */
  async function spendRest(password: string, spent: number): Promise<void> {
    for (let rest = spent; rest < cost; rest += 1) await bcrypt.compare(password, decoy(rest));
  }

  async function compare({ password, stored }: Claim): Promise<boolean> {
    const found = await stored();
    const matches = await bcrypt.compare(password, found ?? nobody);
    if (found !== null) await spendRest(password, bcrypt.getRounds(found));
    return matches && found !== null && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES;
  }

  return {
    hash: (password, who, gone) => gate({ who, gone }, () => bcrypt.hash(password, cost)),
    verify: (claim) => gate(claim, () => compare(claim)),
    isOutdated: (hash) => bcrypt.getRounds(hash) < cost,
  };
}
