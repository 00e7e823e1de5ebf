import { createHash } from 'node:crypto';
import { addressKey, ipPrefix } from '../../network/client-address.ts';
import type { Services } from '../../services.ts';
import { createSessions } from '../session-store.ts';
import { failClosed } from './fail-closed.ts';

const DAY_MS = 86_400_000;
/** Source: NIST SP 800-63B-4, 3.2.2. */
export const MAX_IN_A_ROW = 100;

/** An attempt to sign in: for which account, and from which address. */
export interface Claimant {
  /** Canonical. */
  readonly email: string;
  readonly ip: string;
}

export interface AccountCeiling {
  /** Whether the account has signed in from this network, or proved its mailbox from this address. */
  isKnown(claimant: Claimant): Promise<boolean>;
  /**
   * Counts a try at an account.
   *
   * @param origin `known`: counted for the network. `new`: counted for the account. `spent`: not counted for the account,
   *   with the same work
   * @returns whether the right password may be accepted from there
   */
  count(claimant: Claimant, origin: 'known' | 'new' | 'spent'): Promise<boolean>;
  /** After a right password: sets the counts of the account and of the network to zero. */
  forgive(claimant: Claimant): Promise<void>;
  /** After a mailed token was used from this address: the address is known for a day. */
  prove(claimant: Claimant): Promise<void>;
}

/** Key of an account in the counters; unknown accounts have one too. */
export const accountKey = (email: string): string => createHash('sha256').update(email).digest('base64url');

/**
 * After 100 wrong passwords in a row from new networks, sign-in to the account works only from known networks, until its
 * owner signs in from one of them or uses a mailed token. So many addresses together have only 100 guesses, and guessing
 * does not lock the owner out. Each known network has 100 guesses a day of its own, because neighbours share it.
 */
export function createAccountCeiling(services: Services): AccountCeiling {
  const sessions = createSessions(services.database);
  const accounts = failClosed(services, { prefix: 'sign-in-account', windowMs: 30 * DAY_MS });
  const networks = failClosed(services, { prefix: 'sign-in-network', windowMs: DAY_MS });
  const proofs = failClosed(services, { prefix: 'sign-in-proof', windowMs: DAY_MS });
  const network = ({ email, ip }: Claimant) => `${accountKey(email)}:${ipPrefix(ip)}`;
  const address = ({ email, ip }: Claimant) => `${accountKey(email)}:${addressKey(ip)}`;

  const forgive = async (claimant: Claimant): Promise<void> => {
    await Promise.all([accounts.reset(accountKey(claimant.email)), networks.reset(network(claimant))]);
  };

  return {
    isKnown: async (claimant) => {
      const [hasSession, proof, guesses] = await Promise.all([
        sessions.isKnownNetwork(claimant.email, ipPrefix(claimant.ip)),
        proofs.peek(address(claimant)),
        networks.peek(network(claimant)),
      ]);
      return (hasSession || proof.hits > 0) && guesses.hits < MAX_IN_A_ROW;
    },
    count: async (claimant, origin) => {
      if (origin === 'known') return (await networks.increment(network(claimant))).hits <= MAX_IN_A_ROW;
      if (origin === 'new') return (await accounts.increment(accountKey(claimant.email))).hits <= MAX_IN_A_ROW;
      // Not counted for the account: otherwise one address could fill the store with accounts that do not exist.
      await networks.increment(addressKey(claimant.ip));
      return false;
    },
    forgive,
    prove: async (claimant) => {
      await Promise.all([forgive(claimant), proofs.increment(address(claimant))]);
    },
  };
}
