import { createHash } from 'node:crypto';
import { addressKey, ipPrefix } from '../../network/client-address.ts';
import type { Services } from '../../services.ts';
import { failClosed } from './fail-closed.ts';

const DAY_MS = 86_400_000;
/** Source: NIST SP 800-63B-4, 3.2.2. */
export const MAX_IN_A_ROW = 100;

/** Who tries to be whom from where. */
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
   * @param origin `known`: counted for its network. `spent`: counted for nobody, for the same work
   * @returns whether the right password may open the account from there
   */
  count(claimant: Claimant, origin: 'known' | 'new' | 'spent'): Promise<boolean>;
  /** The account has proved itself: the tries before are forgiven. */
  forgive(claimant: Claimant): Promise<void>;
  /** The account's mailbox was proved from this address: for a day it is known. */
  prove(claimant: Claimant): Promise<void>;
}

/** Name of an account in keys and counts, the same for unknown ones. */
export const accountKey = (email: string): string => createHash('sha256').update(email).digest('base64url');

/**
 * After 100 wrong passwords in a row from networks where the account never was, only its known networks get in, until
 * its owner signs in from one of them or proves the mailbox. So many addresses together do not buy more guesses, and
 * guessing locks no owner out. A known network has 100 guesses a day of its own: neighbours share it.
 */
export function createAccountCeiling(services: Services): AccountCeiling {
  const { database } = services;
  const accounts = failClosed(services, { prefix: 'sign-in-account', windowMs: 30 * DAY_MS });
  const networks = failClosed(services, { prefix: 'sign-in-network', windowMs: DAY_MS });
  const proofs = failClosed(services, { prefix: 'sign-in-proof', windowMs: DAY_MS });
  const network = ({ email, ip }: Claimant) => `${accountKey(email)}:${ipPrefix(ip)}`;
  const address = ({ email, ip }: Claimant) => `${accountKey(email)}:${addressKey(ip)}`;

  const sessionFrom = ({ email, ip }: Claimant) =>
    database
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select('sessions.id')
      .where('users.email', '=', email)
      .where('sessions.ip_prefix', '=', ipPrefix(ip))
      .limit(1)
      .executeTakeFirst();

  const forgive = async (claimant: Claimant): Promise<void> => {
    await Promise.all([accounts.reset(accountKey(claimant.email)), networks.reset(network(claimant))]);
  };

  return {
    isKnown: async (claimant) => {
      const [session, proof, guesses] = await Promise.all([
        sessionFrom(claimant),
        proofs.peek(address(claimant)),
        networks.peek(network(claimant)),
      ]);
      return (session !== undefined || proof.hits > 0) && guesses.hits < MAX_IN_A_ROW;
    },
    count: async (claimant, origin) => {
      if (origin === 'known') return (await networks.increment(network(claimant))).hits <= MAX_IN_A_ROW;
      if (origin === 'new') return (await accounts.increment(accountKey(claimant.email))).hits <= MAX_IN_A_ROW;
      // Not counted for the account: one address would fill the store with accounts that do not exist.
      await networks.increment(addressKey(claimant.ip));
      return false;
    },
    forgive,
    prove: async (claimant) => {
      await Promise.all([forgive(claimant), proofs.increment(address(claimant))]);
    },
  };
}
