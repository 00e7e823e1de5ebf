import { randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';
import { createGate } from './gate.ts';

/** bcrypt reads this many bytes and ignores the rest: "72 bytes" and "72 bytes plus anything" would be one password. */
export const MAX_PASSWORD_BYTES = 72;

const GATE = { running: 3, waiting: 64 };

export interface Passwords {
  /** @throws Problem 503 when too many hashes are waiting */
  hash(password: string): Promise<string>;
  /**
   * Always costs one hash, whether or not there is an account behind it: time must not tell them apart.
   *
   * @param hash of the account; null when there is none or it has no password
   * @throws Problem 503 when too many hashes are waiting
   */
  verify(password: string, hash: string | null): Promise<boolean>;
  /** Whether the hash is cheaper than what is asked for today. */
  isOutdated(hash: string): boolean;
}

/** A well-formed hash that belongs to no password, of the cost every real one has. */
const decoy = (cost: number) => bcrypt.genSaltSync(cost) + randomBytes(16).toString('hex').slice(1);

/**
 * Stores and checks passwords with bcrypt. Source: ASVS 5.0 V11.4.2; OWASP Password Storage Cheat Sheet.
 *
 * @param cost base-2 logarithm of the number of rounds
 */
export function createPasswords(cost: number): Passwords {
  const gate = createGate(GATE);
  const nobody = decoy(cost);
  return {
    hash: (password) => gate(() => bcrypt.hash(password, cost)),
    verify: async (password, hash) => {
      const matches = await gate(() => bcrypt.compare(password, hash ?? nobody));
      return matches && hash !== null && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES;
    },
    isOutdated: (hash) => bcrypt.getRounds(hash) < cost,
  };
}
