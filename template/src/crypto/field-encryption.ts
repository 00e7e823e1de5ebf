import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Format, id of the key, IV, and the encrypted value with its tag. */
const STORED = /^1\.([\w-]{11})\.([\w-]{16})\.([\w-]{22,})$/;

/** The present key encrypts. Earlier ones only decrypt what was encrypted before a rotation. */
export type EncryptionKeys = readonly [present: Uint8Array, ...previous: readonly Uint8Array[]];

/** The place in the database that a value belongs to. In any other place it cannot be decrypted. */
export interface Field {
  readonly table: string;
  readonly column: string;
  /** Primary key. */
  readonly row: string;
}

export interface FieldEncryption {
  encrypt(value: Uint8Array, field: Field): string;
  /** @throws Error when the value was changed, belongs to another field, or was encrypted with an unknown key */
  decrypt(stored: string, field: Field): Uint8Array;
  /** What values begin with that are encrypted with the present key. */
  readonly presentPrefix: string;
}

interface Key {
  readonly id: string;
  readonly key: Uint8Array;
}

/**
 * Encrypts single values of rows: whoever can read the database, or a backup of it, cannot read them, and whoever can
 * also write cannot move one to another row. Source: ASVS 5.0 V11.3.2, V11.3.4; NIST SP 800-38D.
 */
export function createFieldEncryption([present, ...previous]: EncryptionKeys): FieldEncryption {
  const newest = keyOf(present);
  const keys = new Map([newest, ...previous.map(keyOf)].map((key) => [key.id, key]));

  return {
    presentPrefix: `1.${newest.id}.`,

    encrypt: (value, field) => {
      // A second value with the same IV would reveal both values and let anyone forge tags.
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, newest.key, iv, { authTagLength: TAG_BYTES }).setAAD(contextOf(field));
      const sealed = Buffer.concat([cipher.update(value), cipher.final(), cipher.getAuthTag()]);
      return `1.${newest.id}.${iv.toString('base64url')}.${sealed.toString('base64url')}`;
    },

    decrypt: (stored, field) => {
      const [, id = '', iv = '', text = ''] = STORED.exec(stored) ?? [];
      const key = keys.get(id);
      if (!key) throw new Error(`${field.table}.${field.column} has a value of an unknown format or key: see ENCRYPTION_KEY_PREVIOUS`);
      const sealed = Buffer.from(text, 'base64url');
      const tagAt = Math.max(0, sealed.length - TAG_BYTES);
      const decipher = createDecipheriv(ALGORITHM, key.key, Buffer.from(iv, 'base64url'), { authTagLength: TAG_BYTES });
      decipher.setAAD(contextOf(field)).setAuthTag(sealed.subarray(tagAt));
      return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(0, tagAt)), decipher.final()]));
    },
  };
}

/** As JSON, so that no two fields have the same text: ("a", "bc") and ("ab", "c") differ. */
const contextOf = ({ table, column, row }: Field) => Buffer.from(JSON.stringify([table, column, row]));

/** Key and id are derived from the secret (HKDF, RFC 5869), so the id reveals nothing about the key. */
function keyOf(secret: Uint8Array): Key {
  const derive = (use: string, bytes: number) => new Uint8Array(hkdfSync('sha256', secret, '', use, bytes));
  return { id: Buffer.from(derive('field-encryption-id', 8)).toString('base64url'), key: derive('field-encryption', 32) };
}
