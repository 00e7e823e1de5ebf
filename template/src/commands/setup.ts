import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const MARKER = '# secret: generated';

/** Sets each empty setting below a marker to 32 random bytes. */
function withSecrets(example: string): string {
  const lines = example.split('\n');
  return lines
    .map((line, index) => (lines[index - 1] === MARKER && line.endsWith('=') ? line + randomBytes(32).toString('base64url') : line))
    .join('\n');
}

/** Writes `.env` from `.env.example`, readable by its owner only. An existing `.env` is never changed. */
function setup(): void {
  try {
    writeFileSync('.env', withSecrets(readFileSync('.env.example', 'utf8')), { flag: 'wx', mode: 0o600 });
    console.log('Wrote .env with fresh secrets (mode 600, ignored by git). Next: npm run dev');
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    console.error(
      exists ? '.env exists already and was not changed. To start over, move it away first.' : 'Could not write .env beside .env.example.',
    );
    process.exitCode = 1;
  }
}

setup();
