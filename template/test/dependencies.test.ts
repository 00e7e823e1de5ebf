import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { lockfileVersion: number; packages: Record<string, Locked> };
/** Packages that npm downloads: no folder of this project, and no part of another package. */
const downloaded = Object.entries(lock.packages).filter(
  ([path, { link, inBundle }]) => path.includes('node_modules/') && !link && !inBundle,
);

describe('dependencies', () => {
  it('every version in package.json is exact and the same in the lockfile', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      if (version.startsWith('file:')) continue;
      assert.match(version, /^(?:npm:.+@)?\d+\.\d+\.\d+(?:-[\w.-]+)?$/, name);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version.replace(/^npm:.+@/, ''), name);
    }
  });

  it('every package in the lockfile has a SHA-512 hash and no download address', () => {
    assert.equal(lock.lockfileVersion, 3);
    for (const [path, entry] of downloaded) {
      assert.match(entry.integrity ?? '', /^sha512-[A-Za-z0-9+/]{86}==$/, path);
      assert.equal(entry.resolved, undefined, path);
    }
  });

  it('install scripts of packages are off', () => {
    assert.match(read('.npmrc'), /^ignore-scripts=true$/m);
  });
});
