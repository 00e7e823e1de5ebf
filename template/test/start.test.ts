import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig, type Config } from '../src/config/index.ts';
import { createLog } from '../src/observability/log.ts';
import { start } from '../src/server.ts';
import { exampleSettings, PRODUCTION, startProgram } from './support/program.ts';
import { SECRET } from './support/strategy.ts';

const CANARY = 'CANARY4f1c';
/** Flags of Node that `npm start` uses. */
const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { scripts: Record<string, string> };
const FLAGS = (scripts['start'] ?? '').split(' ').filter((word) => word.startsWith('--'));

const silent = { log: createLog({ level: 'silent' }) };

/** Starts a server whose start must fail; if it does not fail, the server is stopped with the test. */
async function startAnyway(t: TestContext, config: Config): Promise<void> {
  const running = await start(config, silent);
  t.after(() => running.stop());
}

describe('start', { concurrency: 2 }, () => {
  it('an invalid setting stops the start with exit code 78, and its value is not printed', async (t) => {
    const settings = { ...(await exampleSettings(t)), NODE_ENV: undefined, [SECRET]: undefined, PORT: CANARY };
    const program = startProgram(t, settings, [], `NODE_ENV=${CANARY}\n${SECRET}=${CANARY}\nMAIL_FROM=${CANARY}\n`);
    await assert.rejects(program.listening);
    const { code, stderr, stdout } = await program.ended;
    assert.equal(code, 78);
    for (const name of ['NODE_ENV', 'PORT', SECRET]) assert.match(stderr, new RegExp(`\\b${name}\\b`));
    assert.doesNotMatch(stderr, /MAIL_FROM/, 'the environment wins over .env');
    assert.doesNotMatch(stderr + stdout, new RegExp(CANARY));
  });

  it('the server does not start with an unchanged copy of .env.example: exit code 78, because its secret is empty', async (t) => {
    const { DATABASE_URL } = await exampleSettings(t);
    const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
    const program = startProgram(t, { DATABASE_URL, PORT: '0', MANAGEMENT_PORT: '0' }, [], example);
    await assert.rejects(program.listening);
    const { code, stderr } = await program.ended;
    assert.equal(code, 78);
    assert.match(stderr, new RegExp(`\\b${SECRET}\\b`));
  });

  it('production with --inspect stops the start with exit code 78', async (t) => {
    const settings = { ...(await exampleSettings(t)), ...PRODUCTION };
    const { code, stderr } = await startProgram(t, settings, ['--inspect=127.0.0.1:0']).ended;
    assert.equal(code, 78);
    assert.match(stderr, /--inspect/);
  });

  it('SIGUSR1 starts no debugger in a process started by npm start, and requests get 200', async (t) => {
    const program = startProgram(t, await exampleSettings(t), FLAGS);
    const { port } = await program.listening;
    program.kill('SIGUSR1');
    // Node.js opens its debugger on another thread: twenty requests give it enough time.
    for (let request = 0; request < 20; request += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { Connection: 'close' } });
      assert.equal(answer.status, 200);
      await delay(25);
    }
    program.kill('SIGTERM');
    const { code, stderr } = await program.ended;
    assert.doesNotMatch(stderr, /debugger|inspector/i);
    assert.equal(code, 0);
  });

  it('production refuses to start while migrations are pending', async (t) => {
    const config = loadConfig({ ...(await exampleSettings(t)), ...PRODUCTION });
    await assert.rejects(startAnyway(t, config), /npm run migrate/);
  });

  it('the start fails without its database, and the error does not contain the password', async (t) => {
    const settings = await exampleSettings(t);
    const DATABASE_URL = settings['DATABASE_URL']?.startsWith('postgres')
      ? `postgres://app:${CANARY}@127.0.0.1:1/app`
      : 'file:/dev/null/app.sqlite';
    await assert.rejects(
      startAnyway(t, loadConfig({ ...settings, DATABASE_URL, MIGRATION_DATABASE_URL: '' })),
      (error: Error) => !`${error.message}${error.stack ?? ''}`.includes(CANARY),
    );
  });

  it('the start fails when its port is taken', async (t) => {
    const occupant = net.createServer().listen(0, '127.0.0.1');
    t.after(() => occupant.close());
    await new Promise((resolve) => occupant.once('listening', resolve));
    const { port } = occupant.address() as AddressInfo;
    const config = loadConfig({ ...(await exampleSettings(t)), PORT: String(port) });
    await assert.rejects(startAnyway(t, config), { code: 'EADDRINUSE' });
  });
});
