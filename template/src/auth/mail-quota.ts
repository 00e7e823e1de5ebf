import type { Transaction } from 'kysely';
import type { OneTimeTokenRow, Schema } from '../database/schema.ts';
import { tooManyRequests } from '../http/problem.ts';
import type { RequestContext } from '../http/request-context.ts';
import { addressKey } from '../network/client-address.ts';
import type { Services } from '../services.ts';
import { failClosed } from './throttle/fail-closed.ts';

type Purpose = OneTimeTokenRow['purpose'];

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A client address may ask this many times as often as it may guess at one account: offices share addresses. */
const ADDRESS_FACTOR = 5;
const ADDRESS_WINDOW_MS = 15 * MINUTE_MS;

/** Mails of one day that follow each other quickly, for somebody whose first one was lost. */
const QUICK_MAILS = 3;
const QUICK_PAUSE_MS = 5 * MINUTE_MS;
/**
 * Pause after those. A token must live at least as long as the pause: a stranger who asks all the time then fills the
 * pauses, but the newest mail in the mailbox works, so the owner is never shut out.
 */
const longPause = (purpose: Purpose) => (purpose === 'reset-password' ? 15 : 60) * MINUTE_MS;

/**
 * Keeps one client address from having mails sent to the whole world.
 *
 * @param name of the mail; each has its own counts
 * @returns counts a request; rejects with Problem 429, whatever the e-mail address is
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
 * What is counted as one mailbox. Anybody can register any number of plus-tagged spellings of somebody's address, so
 * they share one count, apart from that of the plain address: it must stay free for its owner. Resets are mailed to
 * accounts only, and those the owner has made: each counts alone, so that none can use up the other's.
 */
export function mailboxOf(email: string, purpose: Purpose): string {
  return purpose === 'verify-email' ? email.replace(/\+[^@]*@/, '+@') : email;
}

/**
 * Whether the mailbox may get another mail: the pause since the last one is over. Nothing tells the caller.
 * Source: ASVS 5.0 V2.4.1, V6.1.1.
 *
 * @param transaction holds the lock on the mailbox
 */
export async function isMailDue(transaction: Transaction<Schema>, mailbox: string, purpose: Purpose, now: number): Promise<boolean> {
  const latest = await transaction
    .selectFrom('one_time_tokens')
    .select('issued_at')
    .where('mailbox', '=', mailbox)
    .where('purpose', '=', purpose)
    .where('issued_at', '>', now - DAY_MS)
    .orderBy('issued_at', 'desc')
    .limit(QUICK_MAILS)
    .execute();
  const pause = latest.length < QUICK_MAILS ? QUICK_PAUSE_MS : longPause(purpose);
  return latest[0] === undefined || latest[0].issued_at + pause <= now;
}

/** Forgets mails that no limit counts and no token needs any more; a few at a time, for every mail adds one. */
export async function forgetOldMails(transaction: Transaction<Schema>, now: number): Promise<void> {
  const old = transaction.selectFrom('one_time_tokens').select('token_hash').where('issued_at', '<=', now - DAY_MS).orderBy('issued_at').limit(20);
  await transaction.deleteFrom('one_time_tokens').where('token_hash', 'in', old).execute();
}
