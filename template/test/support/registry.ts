import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';

const BLOCK = 512;

/** A package as npm downloads it: a compressed tar archive with only a package.json. */
export function packed(manifest: object): Buffer {
  const content = Buffer.from(JSON.stringify(manifest));
  const header = Buffer.alloc(BLOCK);
  const fields: readonly (readonly [number, string])[] = [
    [0, 'package/package.json'],
    [100, '0000644'],
    [124, content.length.toString(8).padStart(11, '0')],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\x0000'],
  ];
  for (const [offset, text] of fields) header.write(text, offset);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0`, 148);
  const padding = Buffer.alloc(BLOCK - (content.length % BLOCK) + 2 * BLOCK);
  return gzipSync(Buffer.concat([header, content, padding]));
}

export interface Registry {
  readonly url: string;
  /** The package that it serves under every address of an archive, and the hash of it that npm writes into lockfiles. */
  readonly archive: Buffer;
  readonly integrity: string;
  /** Method and path of each request. */
  readonly requests: readonly string[];
}

/**
 * Starts a package registry of an attacker on this machine.
 *
 * @param offered the versions that it offers of each package, the newest last
 */
export async function startRegistry(t: TestContext, offered: Readonly<Record<string, readonly string[]>> = {}): Promise<Registry> {
  const archive = packed({ name: 'replaced', version: '1.0.0' });
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(`${request.method ?? ''} ${path}`);
    const name = decodeURIComponent(path.slice(1));
    const versions = Object.fromEntries((offered[name] ?? []).map((version) => [version, { name, version, dist: { integrity } }]));
    const document = JSON.stringify({ name, versions, 'dist-tags': { latest: offered[name]?.at(-1) } });
    response.end(path.endsWith('.tgz') ? archive : document);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, archive, integrity, requests };
}
