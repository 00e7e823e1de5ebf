import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Bytes of each hash in the file. With four bytes, about four of a million other passwords are refused by mistake. */
const HASH_BYTES = 4;

let hashes: Buffer | undefined;

/**
 * Whether the password is on lists of stolen passwords. The file has only those of 15 and more characters: shorter ones
 * are refused for their length. Source: ASVS 5.0 V6.2.4; NIST SP 800-63B-4, 3.1.1.2.
 *
 * @param simplified password in lower case, without spaces, dots, underscores and hyphens
 */
export function isCommonPassword(simplified: string): boolean {
  // Read when the first password is set, so that the start does not wait for it. It stays in memory: 16 kB.
  hashes ??= readHashes();
  return hashes.includes(createHash('sha256').update(simplified).digest().subarray(0, HASH_BYTES));
}

function readHashes(): Buffer {
  // eslint-disable-next-line security/detect-non-literal-fs-filename -- the name is fixed, only the folder is not
  const lines = readFileSync(new URL('common-passwords.txt', import.meta.url), 'utf8').split('\n');
  return Buffer.from(lines.filter((line) => !line.startsWith('#')).join(''), 'base64');
}
