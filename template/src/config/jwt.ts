import { secret } from './parsers.ts';

export const authSettings = {
  /** Signs access tokens. Whoever knows it can be anyone. */
  JWT_SECRET: secret(),
};
