import { createTransport } from 'nodemailer';
import type { Config } from '../config/index.ts';
import { isPrivateHost } from '../network/private-host.ts';

export interface Mail {
  /** One canonical address. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** @throws Error without address or content when the mail was not accepted */
  send(mail: Mail): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** Mails through `SMTP_URL`; without one (never in production) they are printed. */
export function createMailer({ smtpUrl, mailFrom }: Pick<Config, 'mailFrom' | 'smtpUrl'>): Mailer {
  return smtpUrl === undefined ? printingMailer() : smtpMailer(smtpUrl, mailFrom);
}

/** Prints mails for people, between the lines of the log. */
function printingMailer(): Mailer {
  return {
    send: ({ to, subject, text }) => {
      process.stdout.write(`\n--- mail to ${to}: ${subject}\n${text}---\n\n`);
      return Promise.resolve();
    },
  };
}

function smtpMailer(url: string, from: string): Mailer {
  const transport = createTransport({
    url,
    // Without it, whoever sits in between removes the offer of encryption and reads the tokens.
    requireTLS: !isPrivateHost(new URL(url).hostname),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    dnsTimeout: TIMEOUT_MS,
    // A mail is text we wrote: nothing in it may make the server read a file or call an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ to, subject, text }) => {
      // As an object the address cannot grow into several.
      const mail = { from, to: { name: '', address: to }, subject, text };
      await transport.sendMail(mail).catch((error: unknown) => { throw notAccepted(error); });
    },
  };
}

/** What the server says quotes the address; it must not reach the log. */
function notAccepted(error: unknown): Error {
  const { code = 'unknown', responseCode = 0 } = error as { code?: string; responseCode?: number };
  return new Error(`the mail was not accepted: ${code} ${responseCode}`);
}
