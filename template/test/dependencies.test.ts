import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packed, startRegistry, type Registry } from './support/registry.ts';
import { emptyFolder, missing, run } from './support/tools.ts';

const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

type Versions = Readonly<Record<string, string>>;

interface Locked {
  readonly name?: string;
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

const manifest = JSON.parse(readFileSync(file('package.json'), 'utf8')) as { dependencies: Versions; devDependencies: Versions };
const lock = JSON.parse(readFileSync(file('package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
/** Packages that npm downloads: no folder of this project, and no part of another package. */
const downloaded = Object.entries(lock.packages)
  .filter(([path, { link, inBundle }]) => path.includes('node_modules/') && !link && !inBundle)
  .map(([path, { name = path.replace(/^.*node_modules\//, ''), version, integrity, resolved }]) => ({
    name,
    version,
    ...(integrity === undefined ? {} : { integrity }),
    ...(resolved === undefined ? {} : { resolved }),
  }));

/** Writes package.json and package-lock.json of a project whose packages are all optional: npm passes over those it refuses. */
function writeLocked(folder: string, packages: Readonly<Record<string, Locked>>): void {
  const entries = Object.entries(packages);
  const root = {
    name: 'victim',
    version: '1.0.0',
    optionalDependencies: Object.fromEntries(entries.map(([alias, { name, version }]) => [alias, `npm:${name ?? alias}@${version}`])),
  };
  const locked = Object.fromEntries(entries.map(([alias, entry]) => [`node_modules/${alias}`, { ...entry, optional: true }]));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(root));
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ ...root, lockfileVersion: 3, requires: true, packages: { '': root, ...locked } }),
  );
}

/** Flags with which npm asks the registry on this machine, and nobody else. */
const only = ({ url }: Registry): readonly string[] => [
  ...['--no-audit', '--no-update-notifier', '--fetch-retries=0', '--allow-git=none'],
  ...[`--registry=${url}`, `--https-proxy=${url}`, `--proxy=${url}`, '--noproxy=127.0.0.1'],
];

/** Versions after this one that a range with ^, ~, >=, x or * would let in. */
function later(version: string): string[] {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+-]/, 3).map(Number);
  return [`${major}.${minor}.${patch + 1}`, `${major}.${minor + 1}.0`, `${major + 1}.0.0`];
}

describe('dependencies', { concurrency: true, skip: missing('npm') }, () => {
  it('a newer version that somebody publishes is not installed, even without the lockfile', async (t) => {
    const specs = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([key, spec]) => !spec.startsWith('file:') && !lock.packages[`node_modules/${key}`]?.link,
    );
    const wanted = specs.map(([key]) => {
      const { name = key, version = '' } = lock.packages[`node_modules/${key}`] ?? {};
      return { key, name, version };
    });
    const registry = await startRegistry(t, Object.fromEntries(wanted.map(({ name, version }) => [name, [version, ...later(version)]])));
    const folder = emptyFolder(t);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'victim', dependencies: Object.fromEntries(specs) }));
    const { code, output } = await run('npm', folder, 'install', '--package-lock-only', ...only(registry));
    assert.equal(code, 0, output);
    const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
    const chosen = wanted.map(({ key, name }) => ({ key, name, version: packages[`node_modules/${key}`]?.version }));
    assert.deepEqual(chosen, wanted);
  });

  it('a registry that serves other files under the names of the packages: npm installs none of them', async (t) => {
    const registry = await startRegistry(t);
    const folder = emptyFolder(t);
    const packages = downloaded.map((entry, index) => {
      const alias = `package-${index}`;
      // Without an address npm would ask for a list of versions first.
      return [alias, { ...entry, resolved: entry.resolved ?? `${registry.url}${alias}.tgz` }] as const;
    });
    const control = { name: 'control', version: '1.0.0', integrity: registry.integrity, resolved: `${registry.url}control.tgz` };
    writeLocked(folder, { ...Object.fromEntries(packages), control });
    const { code, output } = await run('npm', folder, 'ci', ...only(registry));
    assert.equal(code, 0, output);
    const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    const names = installed.map((alias) => downloaded[Number(alias.replace('package-', ''))]?.name ?? alias);
    assert.deepEqual(names, ['control']);
    const asked = packages.filter(([alias]) => !registry.requests.includes(`GET /${alias}.tgz`)).map(([, { name }]) => name);
    assert.deepEqual(asked, [], 'the lockfile names another download address');
    // An attacker can make two files with the same SHA-1 hash.
    for (const { name, integrity } of downloaded) assert.match(integrity ?? '', /^sha512-/, name);
  });

  it('an install script of a package does not run', async (t) => {
    const folder = emptyFolder(t);
    copyFileSync(file('.npmrc'), join(folder, '.npmrc'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'victim' }));
    const script = `node --eval "require('fs').writeFileSync('stolen', '')"`;
    const scripts = { preinstall: script, install: script, postinstall: script };
    writeFileSync(join(folder, 'planted.tgz'), packed({ name: 'planted', version: '1.0.0', scripts }));
    const { code, output } = await run('npm', folder, 'install', './planted.tgz', '--offline', '--no-audit');
    assert.equal(code, 0, output);
    assert.ok(existsSync(join(folder, 'node_modules', 'planted', 'package.json')));
    assert.ok(!existsSync(join(folder, 'node_modules', 'planted', 'stolen')), 'the script of the package ran');
  });
});
