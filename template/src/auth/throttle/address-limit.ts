import { addressKey } from '../../network/client-address.ts';
import type { Services } from '../../services.ts';
import { closingCounter } from './fail-closed.ts';

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 86_400_000;
/** Wrong passwords of one address in units of `LOGIN_LIMIT_MAX`; several users of an office share one address. */
const ADDRESS_FACTOR = 20;

export interface AddressLimit {
  /** @returns when an address over its limit may try again, in milliseconds since 1970; undefined below the limit */
  spentUntil(ip: string): Promise<number | undefined>;
  failed(ip: string): Promise<void>;
}

/**
 * Limits an address that tries many accounts: twenty times `LOGIN_LIMIT_MAX` wrong passwords, then `LOGIN_LIMIT_MAX`
 * in each 15 minutes until the day is over. It waits 15 minutes at most, because other users may share the address.
 */
export function createAddressLimit(services: Services): AddressLimit {
  const { loginLimitMax } = services.config;
  const quarters = closingCounter(services, { prefix: 'sign-in-address-quarter', windowMs: QUARTER_MS });
  const days = closingCounter(services, { prefix: 'sign-in-address-day', windowMs: DAY_MS });

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
