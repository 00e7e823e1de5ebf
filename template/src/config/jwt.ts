import { secret } from './parsers.ts';

export const authSettings = {
  /** Signs access tokens. Anyone who knows it can sign in as any user. */
  JWT_SECRET: secret(),
};
