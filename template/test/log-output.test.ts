import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from './support/eventually.ts';
import { exampleSettings } from './support/program.ts';

const SERVER = fileURLToPath(new URL('../src/server.ts', import.meta.url));
const FULL = '/dev/full';

async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

interface Running {
  /** Status of the response; undefined when the program does not answer. */
  ask(path: string): Promise<number | undefined>;
  metrics(): Promise<string>;
  stderr(): string;
}

/** Starts the server with this file as its standard output. Resolves when it answers. */
async function startWithOutput(t: TestContext, output: number): Promise<Running> {
  const [port, managementPort] = [await freePort(), await freePort()];
  const settings = { ...(await exampleSettings(t)), PORT: String(port), MANAGEMENT_PORT: String(managementPort) };
  const folder = mkdtempSync(join(tmpdir(), 'log-output-'));
  const child = spawn(process.execPath, [SERVER], { cwd: folder, env: settings, stdio: ['ignore', output, 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  });
  let stderr = '';
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  const ask = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ status }) => status,
      () => undefined,
    );
  // The start can take long on a busy machine; do not wait for a program that has ended.
  for (let round = 0; round < 400 && child.exitCode === null && (await ask('/healthz')) === undefined; round += 1) await delay(100);
  return {
    ask,
    metrics: async () => (await fetch(`http://127.0.0.1:${managementPort}/metrics`)).text(),
    stderr: () => stderr,
  };
}

describe('the output of the log', { concurrency: true }, () => {
  it(
    'with a full log disk the server starts, answers, and reports lost lines on standard error',
    { skip: !existsSync(FULL) && `${FULL} is not here` },
    async (t) => {
      const full = openSync(FULL, 'w');
      t.after(() => {
        closeSync(full);
      });
      const program = await startWithOutput(t, full);
      for (let index = 0; index < 20; index += 1) assert.equal(await program.ask('/nope'), 404);
      await eventually('a line on standard error', () => (program.stderr().includes('log_unwritable') ? true : undefined));
      assert.equal(program.stderr().match(/log_unwritable/g)?.length, 1);
      assert.doesNotMatch(program.stderr(), /sys_crash|ENOSPC/);
      const lost = /^log_lines_lost_total (\d+)/m.exec(await program.metrics());
      if (lost !== null) assert.ok(Number(lost[1]) >= 20, lost[0]);
    },
  );

  it(
    'a log reader that restarts gets the number of lines it missed',
    { skip: process.platform === 'win32' && 'no named pipes' },
    async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'log-pipe-'));
      t.after(() => {
        rmSync(folder, { recursive: true });
      });
      const pipe = join(folder, 'log');
      execFileSync('mkfifo', [pipe]);
      const openReader = () => openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
      const first = openReader();
      const output = openSync(pipe, 'w');
      const program = await startWithOutput(t, output);
      closeSync(output);
      closeSync(first);
      for (let index = 0; index < 5; index += 1) assert.equal(await program.ask('/nope'), 404);
      const second = openReader();
      t.after(() => {
        closeSync(second);
      });
      let text = '';
      for (let round = 0; round < 100 && !/"log_lines_lost"[^]*"http_request"/.test(text); round += 1) {
        await program.ask('/nope');
        text += readAvailable(second);
      }
      const line = text.split('\n').find((candidate) => candidate.includes('"log_lines_lost"')) ?? '{}';
      assert.ok((JSON.parse(line) as { lines: number }).lines > 0, line);
    },
  );
});

/** The bytes that are in the pipe now. */
function readAvailable(file: number): string {
  const buffer = Buffer.alloc(65_536);
  try {
    return buffer.toString('utf8', 0, readSync(file, buffer));
  } catch {
    return '';
  }
}
