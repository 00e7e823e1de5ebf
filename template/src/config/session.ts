import { secret } from './parsers.ts';

export const authSettings = {
  /** Derives the tokens in mails. Anyone who knows it and can read the database can set passwords. */
  SESSION_SECRET: secret(),
};

/** The secret from which the tokens in mails are derived. */
export const mailTokenSecret = ({ sessionSecret }: { readonly sessionSecret: Uint8Array }): Uint8Array => sessionSecret;
