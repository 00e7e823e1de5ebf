import { authSecrets } from '../config/chosen.ts';
import { createTokenDerivation } from '../crypto/opaque-token.ts';
import type { OutboxRow } from '../database/schema.ts';
import { inOneUnit } from '../database/unit-of-work.ts';
import type { Database, UnitOfWork } from '../database/unit-of-work.ts';
import type { UpkeepTask } from '../database/upkeep-task.ts';
import { overloaded } from '../http/problem.ts';
import type { Mail } from '../mail/mailer.ts';
import type { Message } from '../mail/message.ts';
import { noticeOf } from '../mail/notices.ts';
import type { Notice } from '../mail/notices.ts';
import type { Services } from '../services.ts';
import type { Purpose } from './one-time-token-store.ts';
import { createWaitingMails } from './outbox-store.ts';
import { createTokenMails, isPurpose } from './token-mail.ts';

const MINUTE_MS = 60_000;
/** Tries to send one mail; the pauses between them double from one minute to ten, an hour in all. */
const MAX_TRIES = 10;
/** A token lives longer than the longest pause (see `prolongOneTimeToken`). */
const retryAfter = (tries: number) => Math.min(2 ** tries, 10) * MINUTE_MS;
/** For clients that are refused because too many mails wait. */
const RETRY_AFTER_SECONDS = 60;
/** The upkeep takes over a mail when the process that promised it has not tried to send it for this long, in milliseconds. */
const TAKE_OVER_MS = 1000;
/** Mails that are sent at the same time by the upkeep. */
const BATCH = 20;

interface NewMail {
  readonly kind: Notice | Purpose;
  readonly email: string;
}

const isKnown = (kind: string) => isPurpose(kind) || noticeOf(kind) !== undefined;

/** Mails that survive a crash: each is a row until the mail server has accepted it. */
export interface Outbox {
  /** @throws Problem 503 when too many mails are waiting */
  request(mail: NewMail): Promise<void>;
  /** Promises a mail in the transaction of what it is about. It does nothing when enough of this kind wait for the address. */
  notify(unit: UnitOfWork, mail: NewMail): Promise<void>;
  /** Sends the mails that a failure or a crash has left. */
  readonly upkeep: UpkeepTask;
}

/**
 * A mail is sent at least once: a random pause after the response (see `runInBackground`), and again when the mail server
 * did not accept it or the process was killed.
 */
export function createOutbox(services: Services): Outbox {
  const { clock, config, database, log, mailer } = services;
  const [present, ...previous] = authSecrets(config);
  const derive = (secret: Uint8Array) => createTokenDerivation(secret, 'mailed-token');
  const tokenOf = derive(present);
  const earlierTokensOf = previous.map(derive);
  const tokenMails = createTokenMails(database);
  const waiting = createWaitingMails(database);

  async function write(unit: UnitOfWork, { id, kind, email, tries }: OutboxRow): Promise<Message | undefined> {
    if (!isPurpose(kind)) return noticeOf(kind);
    const request = { email, purpose: kind, token: tokenOf(id), clock };
    const issuedTokens = tries > 0 ? [request.token, ...earlierTokensOf.map((of) => of(id))] : [];
    return tokenMails.write(unit, request, { issuedTokens, publicUrl: config.publicUrl });
  }

  /** @returns undefined when another process sends it; otherwise what to send, or nothing */
  const claim = (mail: OutboxRow): Promise<{ readonly message: Message | undefined } | undefined> =>
    inOneUnit(database, async (unit) => {
      if (!(await waiting.claim(unit, mail, clock() + retryAfter(mail.tries)))) return undefined;
      return { message: await write(unit, mail) };
    });

  /** @returns false when the mail server did not accept the mail */
  async function deliver(mail: OutboxRow): Promise<boolean> {
    const { id, kind, email, tries } = mail;
    if (tries >= MAX_TRIES) {
      log.error('mail_given_up', { kind, tries });
    } else {
      const claimed = await claim(mail);
      // A mail of an unknown kind is left to the newer version that has stored it, which may be starting beside this one.
      if (!claimed || !isKnown(kind)) return true;
      if (claimed.message && !(await isAccepted({ to: email, ...claimed.message }, { kind, tries: tries + 1 }))) return false;
    }
    await waiting.remove(id);
    return true;
  }

  async function isAccepted(mail: Mail, fields: { readonly kind: OutboxRow['kind']; readonly tries: number }): Promise<boolean> {
    try {
      await mailer.send(mail);
      return true;
    } catch (error) {
      log.warn('mail_not_accepted', { ...fields, error });
      return false;
    }
  }

  async function add(connection: Database, mail: NewMail): Promise<void> {
    const id = await waiting.add(connection, { ...mail, due_at: clock() + TAKE_OVER_MS });
    services.runInBackground('mail', async () => {
      const added = await waiting.find(id);
      if (added) await deliver(added);
    });
  }

  return {
    request: async (mail) => {
      if (await waiting.isFull()) throw overloaded(RETRY_AFTER_SECONDS);
      await add(database, mail);
    },
    notify: async (unit, mail) => {
      if (!(await waiting.areEnough(unit, mail))) await add(unit, mail);
    },
    upkeep: {
      name: 'outbox',
      run: async ({ pause }) => {
        for (;;) {
          const due = await waiting.findDue(clock(), BATCH);
          const accepted = await Promise.all(due.map(deliver));
          // While the mail server is down, one batch in each run is enough to notice when it is back.
          if (due.length < BATCH || accepted.includes(false)) return;
          await pause();
        }
      },
    },
  };
}
