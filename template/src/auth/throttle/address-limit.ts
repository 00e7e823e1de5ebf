import { addressKey } from '../../network/client-address.ts';
import type { Services } from '../../services.ts';
import { failClosed } from './fail-closed.ts';

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 86_400_000;
/** An address may fail this many times as often as one account from it: offices share addresses. */
const ADDRESS_FACTOR = 20;

export interface AddressLimit {
  /**
   * Whether the address failed too often.
   *
   * @returns when it may try again, in milliseconds since 1970; undefined while it may
   */
  spentUntil(ip: string): Promise<number | undefined>;
  failed(ip: string): Promise<void>;
}

/**
 * Slows an address down that tries many accounts: twenty times `LOGIN_LIMIT_MAX` wrong passwords, and from then on
 * `LOGIN_LIMIT_MAX` in each 15 minutes until the day is over. Never longer: others may share the address.
 */
export function createAddressLimit(services: Services): AddressLimit {
  const { loginLimitMax } = services.config;
  const quarters = failClosed(services, { prefix: 'sign-in-address-quarter', windowMs: QUARTER_MS });
  const days = failClosed(services, { prefix: 'sign-in-address-day', windowMs: DAY_MS });

  return {
    spentUntil: async (ip) => {
      const key = addressKey(ip);
      const [quarter, day] = await Promise.all([quarters.peek(key), days.peek(key)]);
      const burst = loginLimitMax * ADDRESS_FACTOR;
      const limit = day.hits < burst ? burst : loginLimitMax;
      return quarter.hits < limit ? undefined : quarter.resetsAt;
    },
    failed: async (ip) => {
      await Promise.all([quarters.increment(addressKey(ip)), days.increment(addressKey(ip))]);
    },
  };
}
