import { secret } from './parsers.ts';

export const authSettings = {
  /** Signs access tokens. Anyone who knows it can sign in as any user. */
  JWT_SECRET: secret(),
};

/** The secret from which the tokens in mails are derived. */
export const mailTokenSecret = ({ jwtSecret }: { readonly jwtSecret: Uint8Array }): Uint8Array => jwtSecret;
