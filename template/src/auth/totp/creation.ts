import { renderUnicodeCompact } from 'uqr';
import { encryptionKeys } from '../../config/chosen.ts';
import { createFieldEncryption } from '../../crypto/field-encryption.ts';
import type { CreationOption } from '../part.ts';
import { createRecoveryCodes, createSecret, hashRecoveryCode, textOf, uriOf } from './codes.ts';
import { secretField } from './proof.ts';
import { createFactors } from './store.ts';

/**
 * Gives a new account a second factor at once. The QR code is drawn here and nowhere else: a service that draws it for
 * us would know the secret.
 */
export const factorAtCreation: CreationOption = {
  option: 'second-factor',
  add: async ({ clock, config, database }, unit, { id, email }) => {
    const factors = createFactors(database);
    const [secret, codes, now] = [createSecret(), createRecoveryCodes(), clock()];
    const encrypted = createFieldEncryption(encryptionKeys(config)).encrypt(secret, secretField(id));
    await factors.begin(unit, { user_id: id, secret: encrypted, created_at: now, confirmed_at: now, last_step: 0 });
    const hashes = codes.map((code) => hashRecoveryCode(id, code));
    await factors.replaceRecoveryCodes(unit, id, hashes);
    return [
      'Scan this with an authenticator app:',
      renderUnicodeCompact(uriOf(secret, email), { border: 2 }),
      `or type the secret: ${textOf(secret)}`,
      `Recovery codes, each for one sign-in without the app:\n${codes.join('\n')}`,
      'Nothing shows these again. Clear the terminal when they are stored.',
    ].join('\n\n');
  },
};
