import { secret, secretSlots } from './parsers.ts';
import type { SecretSlots } from './parsers.ts';

export const authSettings = {
  /** Signs access tokens. Anyone who knows it can sign in as any user. */
  JWT_SECRET: secret(),
  /** The secret before the last rotation. */
  JWT_SECRET_PREVIOUS: secret().optional(),
};

interface Secrets {
  readonly jwtSecret: Uint8Array;
  readonly jwtSecretPrevious?: Uint8Array | undefined;
}

export const authSecrets = ({ jwtSecret, jwtSecretPrevious }: Secrets): SecretSlots => secretSlots(jwtSecret, jwtSecretPrevious);
