import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../src/config/index.ts';
import { createLog } from '../src/observability/log.ts';
import { start } from '../src/server.ts';
import { eventually } from './support/eventually.ts';
import { exampleSettings, startProgram } from './support/program.ts';
import { OWN_HEAD, parseAnswer } from './support/raw-http.ts';

const BODY = JSON.stringify({ email: 'someone@example.com' });
const HEAD = `POST /api/v1/auth/register HTTP/1.1\r\n${OWN_HEAD}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n`;

/** Sends the first half of a request; `finish` sends the second half. */
async function halfRequest(port: number): Promise<{ finish: () => Promise<string>; socket: net.Socket }> {
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  let received = '';
  socket.on('data', (text: string) => (received += text));
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
  socket.write(HEAD + BODY.slice(0, 10));
  await delay(100);
  const finish = async () => {
    socket.write(BODY.slice(10));
    await closed;
    return received;
  };
  return { finish, socket };
}

/** Whether the port refuses connections. */
const refuses = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => {
      resolve(true);
    });
  });

describe('stopping', { concurrency: true }, () => {
  it('after SIGTERM the running request is answered, new connections are refused, and the exit code is 0', async (t) => {
    const program = startProgram(t, await exampleSettings(t));
    const { port, managementPort } = await program.listening;
    const { finish } = await halfRequest(port);
    program.kill('SIGTERM');
    await eventually('the listener to close', async () => ((await refuses(port)) ? true : undefined));
    const readiness = await fetch(`http://127.0.0.1:${managementPort}/readyz`).then(
      ({ status }) => status,
      () => undefined,
    );
    assert.equal(parseAnswer(await finish()).status, 202);
    assert.equal(readiness, 503);
    const { code, stdout } = await program.ended;
    assert.equal(code, 0);
    assert.match(stdout, /"event":"sys_shutdown"/);
  });

  it('a mail that waits to be sent is sent before the process stops', async (t) => {
    const program = startProgram(t, await exampleSettings(t));
    const { port } = await program.listening;
    const { finish } = await halfRequest(port);
    const answered = finish();
    program.kill('SIGTERM');
    assert.equal(parseAnswer(await answered).status, 202);
    const { code, stdout } = await program.ended;
    assert.equal(code, 0);
    assert.match(stdout, /--- mail to someone@example\.com/);
  });

  it('a connection that is idle after its last response does not delay the shutdown', async (t) => {
    const running = await start(loadConfig(await exampleSettings(t)), { log: createLog({ level: 'silent' }) });
    const { finish } = await halfRequest(running.port);
    const asked = performance.now();
    const stopped = running.stop();
    assert.equal(parseAnswer(await finish()).status, 202);
    await stopped;
    assert.ok(performance.now() - asked < 4500);
  });

  it('a second SIGTERM ends the process at once with exit code 1', async (t) => {
    const program = startProgram(t, await exampleSettings(t));
    const { socket } = await halfRequest((await program.listening).port);
    t.after(() => socket.destroy());
    const asked = performance.now();
    program.kill('SIGTERM');
    await delay(100);
    program.kill('SIGTERM');
    assert.equal((await program.ended).code, 1);
    assert.ok(performance.now() - asked < 8000);
  });

  for (const [name, accident] of [
    ['an uncaught error', 'throw'],
    ['an unhandled rejection', 'reject'],
  ] as const) {
    it(`${name} is logged as sys_crash, running requests are answered, and the exit code is 1`, async (t) => {
      const program = startProgram(t, await exampleSettings(t), [
        '--import',
        new URL(`./support/accident.ts?${accident}`, import.meta.url).href,
      ]);
      const { finish } = await halfRequest((await program.listening).port);
      program.kill('SIGUSR2');
      await delay(100);
      assert.equal(parseAnswer(await finish()).status, 202);
      const { code, stdout } = await program.ended;
      assert.equal(code, 1);
      const fatal = stdout.split('\n').filter((line) => line.includes('"level":"fatal"'));
      assert.equal(fatal.length, 1);
      assert.match(fatal[0] ?? '', /"event":"sys_crash"/);
    });
  }
});
