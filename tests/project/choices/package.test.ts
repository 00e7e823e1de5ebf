import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

// Scaffold runs this file in a rendered project. Its owner may choose otherwise, so no test of the project says this.
const read = (name: string): string => readFileSync(name, 'utf8');

interface Manifest {
  readonly private: boolean;
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { readonly dev?: boolean }> };

describe('package.json', () => {
  it('the project is private, so that npm refuses to publish it', () => {
    assert.equal(manifest.private, true);
  });

  it('production has at most 110 packages', () => {
    const production = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    assert.ok(production.length <= 110, `${production.length} packages in production`);
  });

  it('npm refuses to install with a Node.js older than 24', () => {
    assert.match(manifest.engines['node'] ?? '', /^>=2[4-9]/);
    assert.equal(read('.nvmrc').trim(), /\d+/.exec(manifest.engines['node'] ?? '')?.[0]);
  });

  it('npm saves exact versions and refuses another Node.js and packages from git; the project has no install scripts', () => {
    for (const setting of ['save-exact=true', 'engine-strict=true', 'allow-git=none'])
      assert.match(read('.npmrc'), new RegExp(`^${setting}$`, 'm'));
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(manifest.scripts[hook], undefined);
  });

  it('npm scripts start Node.js without eval, without __proto__ and without a debugger on SIGUSR1', () => {
    for (const script of ['start', 'dev', 'migrate', 'create-user', 'setup', 'token', 'test']) {
      for (const flag of ['--disallow-code-generation-from-strings', '--disable-proto=delete', '--disable-sigusr1']) {
        assert.ok(manifest.scripts[script]?.includes(` ${flag} `), `${script} lacks ${flag}`);
      }
    }
    assert.throws(() => eval('1'), EvalError);
    assert.equal(Object.getOwnPropertyDescriptor(Object.prototype, '__proto__'), undefined);
  });
});
