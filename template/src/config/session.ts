import { secret, secretSlots } from './parsers.ts';
import type { SecretSlots } from './parsers.ts';

export const authSettings = {
  /** Derives the tokens in mails. Anyone who knows it and can read the database can set passwords. */
  SESSION_SECRET: secret(),
  /** The secret before the last rotation. */
  SESSION_SECRET_PREVIOUS: secret().optional(),
};

interface Secrets {
  readonly sessionSecret: Uint8Array;
  readonly sessionSecretPrevious?: Uint8Array | undefined;
}

export const authSecrets = ({ sessionSecret, sessionSecretPrevious }: Secrets): SecretSlots =>
  secretSlots(sessionSecret, sessionSecretPrevious);
