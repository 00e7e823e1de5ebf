import type { FieldEncryption } from '../../crypto/field-encryption.ts';
import type { Database } from '../../database/unit-of-work.ts';
import { secretField } from './proof.ts';

/** Rows that are read at once, so that requests do not wait. */
const PORTION = 100;

export interface Rotated {
  readonly renewed: number;
  /** Rows whose key is neither the present nor the previous one, or whose value was changed. */
  readonly unreadable: number;
}

/**
 * Encrypts the secrets of second factors with the present key. Safe to interrupt, to repeat, and to run beside the
 * service: a row that a request has changed meanwhile is left alone, because the request has used the present key.
 */
export async function renewSecrets(database: Database, encryption: FieldEncryption): Promise<Rotated> {
  const counts = { renewed: 0, unreadable: 0 };
  let after = '';
  for (;;) {
    const sorted = database.selectFrom('totp_factors').select(['user_id', 'secret']).where('user_id', '>', after).orderBy('user_id');
    const rows = await sorted.limit(PORTION).execute();
    for (const { user_id: id, secret } of rows) {
      after = id;
      if (secret.startsWith(encryption.presentPrefix)) continue;
      const renewed = renew(encryption, id, secret);
      if (renewed === undefined) counts.unreadable += 1;
      else if (await replace(database, id, secret, renewed)) counts.renewed += 1;
    }
    if (rows.length < PORTION) return counts;
  }
}

function renew(encryption: FieldEncryption, userId: string, secret: string): string | undefined {
  const field = secretField(userId);
  try {
    return encryption.encrypt(encryption.decrypt(secret, field), field);
  } catch {
    return undefined;
  }
}

async function replace(database: Database, userId: string, secret: string, renewed: string): Promise<boolean> {
  const same = database.updateTable('totp_factors').set({ secret: renewed }).where('user_id', '=', userId).where('secret', '=', secret);
  return (await same.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
}
