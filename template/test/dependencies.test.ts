import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

interface Manifest {
  readonly private: boolean;
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { lockfileVersion: number; packages: Record<string, Locked> };
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

/** Maximum number of packages in production, with all indirect ones. Raise it when you add packages on purpose. */
const MOST_PACKAGES = 150;

describe('dependencies', () => {
  it('every version in package.json is exact and the same in the lockfile', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
    }
  });

  it('every package in the lockfile has a SHA-512 hash and no download address', () => {
    assert.equal(lock.lockfileVersion, 3);
    for (const [path, entry] of locked) {
      assert.match(entry.integrity ?? '', /^sha512-[A-Za-z0-9+/]{86}==$/, path);
      assert.equal(entry.resolved, undefined, path);
      assert.equal(entry.link, undefined, path);
    }
  });

  it('install scripts of packages are off, and the project has none', () => {
    const settings = new Map(
      read('.npmrc')
        .split('\n')
        .filter((line) => /^[a-z]/.test(line))
        .map((line) => line.split('=', 2) as [string, string]),
    );
    assert.equal(settings.get('ignore-scripts'), 'true');
    assert.equal(settings.get('save-exact'), 'true');
    assert.equal(settings.get('engine-strict'), 'true');
    assert.equal(settings.get('allow-git'), 'none');
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(manifest.scripts[hook], undefined);
  });

  it('the project is private, so that npm refuses to publish it', () => {
    assert.equal(manifest.private, true);
  });

  it('production has at most MOST_PACKAGES packages', () => {
    const production = locked.filter(([, entry]) => entry.dev !== true);
    assert.ok(
      production.length <= MOST_PACKAGES,
      `${production.length} packages in production: raise MOST_PACKAGES if each has its reason in docs/dependencies.md`,
    );
  });

  it('npm refuses to install with a Node.js older than 24', () => {
    assert.match(manifest.engines['node'] ?? '', /^>=2[4-9]/);
    assert.equal(read('.nvmrc').trim(), /\d+/.exec(manifest.engines['node'] ?? '')?.[0]);
  });

  it('npm scripts start Node.js without eval, without __proto__ and without a debugger on SIGUSR1', () => {
    for (const script of ['start', 'dev', 'migrate', 'create-user', 'setup', 'test']) {
      for (const flag of ['--disallow-code-generation-from-strings', '--disable-proto=delete', '--disable-sigusr1']) {
        assert.ok(manifest.scripts[script]?.includes(` ${flag} `), `${script} lacks ${flag}`);
      }
    }
    // eslint-disable-next-line no-eval -- the attack
    assert.throws(() => eval('1'), EvalError);
    assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, '__proto__'), undefined);
  });
});
