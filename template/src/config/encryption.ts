import { secret, secretSlots } from './parsers.ts';
import type { SecretSlots } from './parsers.ts';

export const encryptionSettings = {
  /** Encrypts the secrets of second factors. Whoever has it and the database can compute the codes of all users. */
  ENCRYPTION_KEY: secret(),
  /** The key before the last rotation. */
  ENCRYPTION_KEY_PREVIOUS: secret().optional(),
};

interface Keys {
  readonly encryptionKey: Uint8Array;
  readonly encryptionKeyPrevious?: Uint8Array | undefined;
}

export const encryptionKeys = ({ encryptionKey, encryptionKeyPrevious }: Keys): SecretSlots =>
  secretSlots(encryptionKey, encryptionKeyPrevious);
