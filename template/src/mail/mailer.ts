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
  /** @throws Error when the server did not accept the mail; the error contains neither address nor text */
  send(mail: Mail): Promise<void>;
}

const TIMEOUT_MS = 10_000;

/** Sends mails through `SMTP_URL`. Without it (never in production) mails are printed. */
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
    // Without it, an attacker on the network path could remove the offer of encryption (STARTTLS) and read the tokens.
    requireTLS: !isPrivateHost(new URL(url).hostname),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    dnsTimeout: TIMEOUT_MS,
    // No part of a mail may make nodemailer read a file or fetch a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async ({ to, subject, text }) => {
      // As an object the address is not parsed, so it cannot become several addresses.
      const mail = { from, to: { name: '', address: to }, subject, text };
      await transport.sendMail(mail).catch((error: unknown) => {
        throw notAccepted(error);
      });
    },
  };
}

/** The response of the mail server quotes the address, which must not be logged. */
function notAccepted(error: unknown): Error {
  const { code = 'unknown', responseCode = 0 } = error as { code?: string; responseCode?: number };
  return new Error(`the mail was not accepted: ${code} ${responseCode}`);
}
