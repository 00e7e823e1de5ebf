import { renewSecrets } from '../auth/totp/rotation-store.ts';
import { encryptionKeys } from '../config/chosen.ts';
import { ConfigError, loadConfig } from '../config/index.ts';
import { createFieldEncryption } from '../crypto/field-encryption.ts';
import { flushLog } from '../observability/standard-output.ts';
import { createServices } from '../services.ts';

const USAGE = `Usage: npm run rotate -- ENCRYPTION_KEY

Encrypts everything that was encrypted with ENCRYPTION_KEY_PREVIOUS with ENCRYPTION_KEY, while the service runs. It can be
interrupted and repeated. docs/operations.md, "Rotating secrets", has the steps before and after it.`;

const EXIT = { refused: 1, usage: 2 } as const;

async function rotate(): Promise<void> {
  const services = createServices(loadConfig());
  try {
    const encryption = createFieldEncryption(encryptionKeys(services.config));
    const { renewed, unreadable } = await renewSecrets(services.database, encryption);
    console.log(`Encrypted with the present key: ${renewed}.`);
    if (unreadable === 0) return;
    console.error(`Not readable with ENCRYPTION_KEY or ENCRYPTION_KEY_PREVIOUS: ${unreadable}. Keep the key that they need.`);
    process.exitCode = EXIT.refused;
  } finally {
    await services.close();
    flushLog();
  }
}

const [name, ...rest] = process.argv.slice(2);
if (name !== 'ENCRYPTION_KEY' || rest.length > 0) {
  console.error(USAGE);
  process.exitCode = EXIT.usage;
} else {
  try {
    await rotate();
  } catch (error) {
    console.error(error instanceof Error ? error.message : 'The rotation failed.');
    process.exitCode = error instanceof ConfigError ? error.exitCode : EXIT.refused;
  }
}
