import type { UnitOfWork } from '../database/unit-of-work.ts';
import { tooManyRequests } from '../http/problem.ts';
import type { RequestContext } from '../http/request-context.ts';
import { addressKey } from '../network/client-address.ts';
import type { Services } from '../services.ts';
import type { OneTimeTokens, Purpose } from './one-time-token-store.ts';
import { failClosed } from './throttle/fail-closed.ts';

const MINUTE_MS = 60_000;
/** How long a mail counts, in milliseconds; its row stays stored as long. */
export const MAIL_COUNTS_MS = 24 * 60 * MINUTE_MS;
/** Mail requests of one address in units of `LOGIN_LIMIT_MAX`; several users of an office share one address. */
const ADDRESS_FACTOR = 5;
const ADDRESS_WINDOW_MS = 15 * MINUTE_MS;

/** Mails of one day with a short pause between them, for users whose first mail was lost. */
const QUICK_MAILS = 3;
const QUICK_PAUSE_MS = 5 * MINUTE_MS;
/**
 * Pause between later mails. A token must be valid at least as long as the pause: even if a stranger requests mails all
 * the time, the token in the newest mail works, so the owner can always use it.
 */
const longPause = (purpose: Purpose) => (purpose === 'reset-password' ? 15 : 60) * MINUTE_MS;

/**
 * Keeps one client from sending mails to many mailboxes.
 *
 * @param name kind of mail; each kind has its own counts
 * @returns a function that counts a request and rejects with Problem 429, for known and unknown e-mail addresses alike
 */
export function createMailRequestLimit(services: Services, name: string): (context: RequestContext) => Promise<void> {
  const { config, clock } = services;
  const addresses = failClosed(services, { prefix: `${name}-per-address`, windowMs: ADDRESS_WINDOW_MS });
  return async (context) => {
    const { hits, resetsAt } = await addresses.increment(addressKey(context.ip));
    if (hits > config.loginLimitMax * ADDRESS_FACTOR) throw tooManyRequests(resetsAt, clock());
  };
}

/**
 * The name under which mails to an address are counted. A stranger can register any number of plus-tagged spellings of
 * an address, so all of them share one count. The plain address has its own count, so that its owner can register.
 * Resets are mailed to existing accounts only, so each spelling has its own count: one account cannot use up the mails
 * of another.
 */
export function mailboxOf(email: string, purpose: Purpose): string {
  return purpose === 'verify-email' ? email.replace(/\+[^@]*@/, '+@') : email;
}

interface CountedMailbox {
  readonly mailbox: string;
  readonly purpose: Purpose;
  readonly now: number;
}

/**
 * Whether the pause since the last mail to the mailbox is over. The caller gets the same response in both cases.
 * Source: ASVS 5.0 V2.4.1, V6.1.1.
 *
 * @param unit holds the lock on the mailbox
 */
export async function isMailDue(tokens: OneTimeTokens, unit: UnitOfWork, { mailbox, purpose, now }: CountedMailbox): Promise<boolean> {
  const latest = await tokens.latestTo(unit, mailbox, { purpose, since: now - MAIL_COUNTS_MS, limit: QUICK_MAILS });
  const pause = latest.length < QUICK_MAILS ? QUICK_PAUSE_MS : longPause(purpose);
  return latest[0] === undefined || latest[0] + pause <= now;
}
