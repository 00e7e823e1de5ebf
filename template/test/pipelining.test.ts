import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestListener } from 'node:http';
import { createHttpServer, listen, SOCKET_LIMITS } from '../src/http/listener/http-server.ts';
import { UNOBSERVED } from './support/listener.ts';
import { countAnswers, parseAnswer } from './support/raw-http.ts';
import { startServer } from './support/server.ts';

const PATIENCE_MS = 15_000;

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

async function listener(t: TestContext, handler: RequestListener): Promise<number> {
  const server = createHttpServer(handler, UNOBSERVED, { ...SOCKET_LIMITS, keepAliveTimeout: 300 });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return listen(server, 0, '127.0.0.1');
}

/** Sends everything at once; returns what was received when the server closed the connection, or after PATIENCE_MS. */
async function send(port: number, text: string): Promise<string> {
  let received = '';
  const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
  socket.on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(text);
  await Promise.race([closed, delay(PATIENCE_MS, undefined, { ref: false })]);
  socket.destroy();
  return received;
}

describe('pipelining', () => {
  it('pipelined requests are handled one at a time and answered in order', async (t) => {
    let [running, most] = [0, 0];
    const port = await listener(t, (request, response) => {
      most = Math.max(most, (running += 1));
      setTimeout(() => {
        running -= 1;
        response.end(`[${String(request.url)}]`);
      }, 5);
    });
    const received = await send(port, Array.from({ length: 20 }, (_, index) => get(`/${index}`)).join(''));
    assert.equal(most, 1);
    assert.deepEqual(
      received.match(/\[\/\d+\]/g),
      Array.from({ length: 20 }, (_, index) => `[/${index}]`),
    );
  });

  it('of 2,000 pipelined requests only maxPipelined and one are handled, then the connection is closed', async (t) => {
    let worked = 0;
    const port = await listener(t, (_request, response) => {
      worked += 1;
      response.end('ok');
    });
    const received = await send(port, get('/').repeat(2000));
    assert.equal(worked, 1 + SOCKET_LIMITS.maxPipelined);
    assert.equal(countAnswers(received), worked);
    assert.match(received.slice(received.lastIndexOf('HTTP/1.1')), /Connection: close/);
  });

  it('an address over its limit gets one 429 on a connection, however many requests it has pipelined', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1' });
    const received = await send(server.port, get('/').repeat(20_000));
    assert.match(received, /^HTTP\/1\.1 200 /);
    assert.equal(countAnswers(received), 2);
    const again = await send(server.port, get('/').repeat(20_000));
    assert.equal(parseAnswer(again).status, 429);
    assert.equal(parseAnswer(again).headers.get('connection'), 'close');
    assert.equal(countAnswers(again), 1);
  });

  it('a 429 for one client does not close the connection of a trusted proxy', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '1', TRUSTED_PROXIES: '127.0.0.1' });
    const from = (address: string) => get(`/ HTTP/1.1\r\nX-Forwarded-For: ${address}\r\nX-Rest:`);
    const received = await send(server.port, `${from('198.51.100.1')}${from('198.51.100.1')}${from('198.51.100.2')}`);
    assert.deepEqual(received.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 200', 'HTTP/1.1 429', 'HTTP/1.1 200']);
  });
});
