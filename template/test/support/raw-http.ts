import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './problems.ts';
import { OWN_PAGE } from './strategy.ts';

/** Lines of a request from a page of the own origin: `Host`, and what the strategy asks of a request that changes something. */
export const OWN_LINES: readonly string[] = ['Host: 127.0.0.1', ...Object.entries(OWN_PAGE).map(([name, value]) => `${name}: ${value}`)];
export const OWN_HEAD = OWN_LINES.join('\r\n');

/** Parses the first response in what a socket received. */
export function parseAnswer(received: string): Answer {
  const [head = '', ...rest] = received.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1];
  assert.ok(status, `no HTTP answer: ${JSON.stringify(received.slice(0, 200))}`);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers, text: rest.join('\r\n\r\n') };
}

/** Number of responses that a socket received. A smuggled request causes one more. */
export const countAnswers = (received: string): number => received.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0;

/**
 * Sends parts one after the other, `pauseMs` apart, and waits until the server closes the connection.
 *
 * @returns what was received, and how long the connection was open, in milliseconds
 * @throws AssertionError when the connection is still open after `patienceMs`
 */
export async function sendSlowly(
  port: number,
  parts: Iterable<string>,
  { pauseMs, patienceMs }: { pauseMs: number; patienceMs: number },
): Promise<{ received: string; livedMs: number }> {
  const started = Date.now();
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
  let received = '';
  socket.on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
  const send = async () => {
    for (const part of parts) {
      if (socket.destroyed || socket.writableEnded) return;
      socket.write(part);
      await delay(pauseMs);
    }
  };
  await Promise.race([closed, Promise.all([send(), closed]), delay(patienceMs, undefined, { ref: false })]);
  const open = !socket.closed;
  socket.destroy();
  assert.ok(!open, `the server still held the connection after ${patienceMs} ms`);
  return { received, livedMs: Date.now() - started };
}
