import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';

// Scaffold runs this file in a rendered project. Its owner may choose otherwise, so no test of the project says this.
const support = (name: string): Promise<any> => import(pathToFileURL(join(process.cwd(), 'test', 'support', name)).href);
const { emptyFolder, run } = await support('tools.ts');
const { startRegistry } = await support('registry.ts');
const { eventually } = await support('eventually.ts');

const read = (name: string): string => readFileSync(name, 'utf8');

interface Manifest {
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { readonly dev?: boolean }> };

/** Tries what the flags of Node.js prevent, and writes the list of what succeeded. */
const ATTACKS = `
import { writeFileSync } from 'node:fs';
import inspector from 'node:inspector';
import { setTimeout as delay } from 'node:timers/promises';
const succeeded = [];
try { eval('1'); succeeded.push('code from text'); } catch {}
if ('__proto__' in {}) succeeded.push('__proto__');
process.kill(process.pid, 'SIGUSR1');
for (let turn = 0; turn < 20 && inspector.url() === undefined; turn += 1) await delay(25);
if (inspector.url() !== undefined) succeeded.push('debugger');
writeFileSync(process.env.RESULT, JSON.stringify(succeeded) + '\\n');
`;

/** Runs a script of package.json with a program of the attacker in the place of the project's; returns which attacks succeed. */
async function attackedIn(folder: string, script: string): Promise<string[]> {
  const [program, ...words] = manifest.scripts[script]?.split(' ') ?? [];
  assert.equal(program, 'node', script);
  const planted = join(folder, words.at(-1)?.endsWith('.ts') ? String(words.at(-1)) : 'test/attacks.test.ts');
  mkdirSync(dirname(planted), { recursive: true });
  writeFileSync(planted, ATTACKS);
  const RESULT = join(folder, `${script}.json`);
  const child = spawn(process.execPath, words, {
    cwd: folder,
    env: { PATH: process.env['PATH'], RESULT, NODE_OPTIONS: '--inspect-port=0' },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const written = () => (existsSync(RESULT) && read(RESULT).endsWith('\n') ? read(RESULT) : undefined);
  try {
    return JSON.parse(await eventually(`the result of npm run ${script}`, written)) as string[];
  } finally {
    child.kill();
    await ended;
  }
}

/** Runs `npm install` in a folder as if Node.js had another version. */
function installWith(version: string, folder: string): Promise<string> {
  writeFileSync(join(folder, 'version.cjs'), `Object.defineProperty(process, 'version', { value: '${version}' });`);
  const env = { PATH: process.env['PATH'], HOME: join(folder, 'home'), NODE_OPTIONS: '--require=./version.cjs' };
  return new Promise((resolve) => {
    execFile('npm', ['install', '--offline', '--no-audit'], { cwd: folder, env }, (error, _, stderr) => {
      resolve(error ? stderr : 'installed');
    });
  });
}

describe('package.json', () => {
  it('npm publish does not send the project to a registry', async (t) => {
    const registry = await startRegistry(t);
    const folder = emptyFolder(t);
    copyFileSync('package.json', join(folder, 'package.json'));
    writeFileSync(join(folder, '.npmrc'), `${registry.url.replace('http:', '')}:_authToken=token\n`);
    await run('npm', folder, 'publish', '--ignore-scripts', `--registry=${registry.url}`);
    assert.deepEqual(
      registry.requests.filter((request: string) => !request.startsWith('GET ')),
      [],
    );
  });

  it('production has at most 110 packages', () => {
    const production = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    assert.ok(production.length <= 110, `${production.length} packages in production`);
  });

  it('npm refuses to install with a Node.js older than 24', async (t) => {
    const folder = emptyFolder(t);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'older', engines: manifest.engines }));
    copyFileSync('.npmrc', join(folder, '.npmrc'));
    assert.equal(await installWith(process.version, folder), 'installed');
    assert.match(await installWith('v22.22.0', folder), /EBADENGINE/);
  });

  it('.nvmrc names the oldest supported Node.js', () => {
    assert.equal(read('.nvmrc').trim(), /\d+/.exec(manifest.engines['node'] ?? '')?.[0]);
  });

  it('npm saves exact versions and refuses packages from git; the project has no install scripts', () => {
    for (const setting of ['save-exact=true', 'allow-git=none']) assert.match(read('.npmrc'), new RegExp(`^${setting}$`, 'm'));
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(manifest.scripts[hook], undefined);
  });

  it('npm scripts start Node.js without eval, without __proto__ and without a debugger on SIGUSR1', async (t) => {
    const folder = emptyFolder(t);
    const scripts = ['start', 'dev', 'migrate', 'create-user', 'setup', 'token', 'test'];
    const succeeded = await Promise.all(scripts.map(async (script) => [script, await attackedIn(folder, script)]));
    assert.deepEqual(
      succeeded,
      scripts.map((script) => [script, []]),
    );
  });
});
