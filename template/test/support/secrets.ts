import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Settings that `npm run setup` generates. */
const NAMES = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').matchAll(/^# secret: generated\n(\w+)=$/gm);
const GENERATED = Array.from(NAMES, ([, name = '']) => name);

/** New values for all secrets of the project. */
export const freshSecrets = (): Record<string, string> =>
  Object.fromEntries(GENERATED.map((name) => [name, randomBytes(32).toString('base64url')]));
