import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { SECRET } from './support/strategy.ts';
import { emptyFolder, missing, run } from './support/tools.ts';

const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** A folder with only a copy of `.env.example`. */
function freshFolder(t: TestContext): string {
  const folder = emptyFolder(t);
  copyFileSync(file('.env.example'), join(folder, '.env.example'));
  return folder;
}

const setup = (folder: string) => spawnSync(process.execPath, [file('src/commands/setup.ts')], { cwd: folder, encoding: 'utf8', env: {} });

describe('setup', () => {
  it('npm run setup writes a new random secret that only the owner of the file can read', (t) => {
    const secrets = [freshFolder(t), freshFolder(t)].map((folder) => {
      const { status, stdout, stderr } = setup(folder);
      assert.equal(status, 0, stderr);
      assert.equal(statSync(join(folder, '.env')).mode & 0o777, 0o600);
      const secret = parseEnv(readFileSync(join(folder, '.env'), 'utf8'))[SECRET] ?? '';
      assert.equal(Buffer.from(secret, 'base64url').length, 32);
      assert.ok(!(stdout + stderr).includes(secret));
      return secret;
    });
    assert.notEqual(secrets[0], secrets[1]);
  });

  it('npm run setup does not overwrite an existing .env and does not follow a symbolic link', (t) => {
    const folder = freshFolder(t);
    writeFileSync(join(folder, '.env'), 'KEEP=1\n');
    const again = setup(folder);
    assert.notEqual(again.status, 0);
    assert.match(again.stderr, /\.env/);
    assert.equal(readFileSync(join(folder, '.env'), 'utf8'), 'KEEP=1\n');
    const linked = freshFolder(t);
    symlinkSync(join(linked, 'elsewhere'), join(linked, '.env'));
    assert.notEqual(setup(linked).status, 0);
    assert.ok(!existsSync(join(linked, 'elsewhere')));
  });

  it('git does not commit .env, even if it is told to commit everything', { skip: missing('git') }, async (t) => {
    const folder = emptyFolder(t);
    copyFileSync(file('.gitignore'), join(folder, '.gitignore'));
    writeFileSync(join(folder, '.env'), `${SECRET}=stolen\n`);
    writeFileSync(join(folder, 'README.md'), 'A project\n');
    for (const words of [
      ['init', '--quiet'],
      ['add', '--all'],
    ]) {
      const { code, output } = await run('git', folder, ...words);
      assert.equal(code, 0, output);
    }
    const { output } = await run('git', folder, 'ls-files');
    assert.deepEqual(output.trim().split('\n'), ['.gitignore', 'README.md']);
  });

  it('.env.example contains no secret', () => {
    const lines = readFileSync(file('.env.example'), 'utf8').split('\n');
    const secrets = lines.filter((_, index) => lines[index - 1] === '# secret: generated');
    assert.ok(secrets.length > 0);
    for (const line of secrets) assert.match(line, /=$/);
  });
});
