import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createHttpServer, listen, SOCKET_LIMITS } from '../src/http/listener/http-server.ts';
import { UNOBSERVED } from './support/listener.ts';
import { assertProblem } from './support/problems.ts';
import { sendSlowly, parseAnswer } from './support/raw-http.ts';

/** The real limits, shortened by a factor of about 20. */
const SHORT = {
  ...SOCKET_LIMITS,
  headersTimeout: 600,
  requestTimeout: 900,
  socketTimeout: 1500,
  keepAliveTimeout: 300,
  connectionsCheckingInterval: 50,
};

/** With a long socket timeout, so that only the limit under attack can close the connection. */
const UNBACKED = { ...SHORT, socketTimeout: 60_000 };

const PATIENCE = { pauseMs: 100, patienceMs: 8000 };

/** Starts a listener that responds when the whole request has arrived. */
async function patient(t: TestContext, limits: typeof SOCKET_LIMITS = SHORT): Promise<number> {
  const server = createHttpServer(
    (request, response) => {
      request.resume().on('end', () => response.end('ok'));
    },
    UNOBSERVED,
    limits,
  );
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return listen(server, 0, '127.0.0.1');
}

function* endless(first: string, next: string): Generator<string> {
  yield first;
  for (;;) yield next;
}

describe('timeouts', { concurrency: true }, () => {
  it('request headers sent byte by byte get 408', async (t) => {
    const { received, livedMs } = await sendSlowly(await patient(t), endless('GET / HTTP/1.1\r\nHost: x\r\nX: ', 'a'), PATIENCE);
    assertProblem(parseAnswer(received), 408, 'request-timeout');
    assert.ok(livedMs >= SHORT.headersTimeout, `${livedMs} ms`);
  });

  it('a body sent byte by byte gets 408', async (t) => {
    const { received } = await sendSlowly(
      await patient(t),
      endless('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', 'a'),
      PATIENCE,
    );
    assertProblem(parseAnswer(received), 408, 'request-timeout');
  });

  it('a connection that sends no request is closed', async (t) => {
    const { livedMs } = await sendSlowly(await patient(t, UNBACKED), [''], PATIENCE);
    assert.ok(livedMs < PATIENCE.patienceMs);
  });

  it('an idle connection is closed after its response', async (t) => {
    const { received, livedMs } = await sendSlowly(await patient(t, UNBACKED), ['GET / HTTP/1.1\r\nHost: x\r\n\r\n'], PATIENCE);
    assert.equal(parseAnswer(received).status, 200);
    assert.ok(livedMs < PATIENCE.patienceMs);
  });

  it('a client that never reads its response is disconnected', async (t) => {
    const server = createHttpServer(
      (_request, response) => {
        response.end(Buffer.alloc(32 * 1024 * 1024));
      },
      UNOBSERVED,
      SHORT,
    );
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const closed = new Promise<boolean>((resolve) =>
      server.once('connection', (socket) =>
        socket.once('close', () => {
          resolve(true);
        }),
      ),
    );
    const socket = net.connect(await listen(server, 0, '127.0.0.1'), '127.0.0.1').pause();
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.ok(await Promise.race([closed, delay(10_000, false, { ref: false })]));
  });

  it('a client gets its response while 100 connections hold unfinished requests', async (t) => {
    const port = await patient(t);
    const idle = Array.from({ length: 100 }, () => net.connect(port, '127.0.0.1').on('error', () => undefined));
    t.after(() => {
      for (const socket of idle) socket.destroy();
    });
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    for (const socket of idle) socket.write('GET / HTTP/1.1\r\nHost: x\r\nX: ');
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'ok');
  });

  it('a connection is closed after the allowed number of requests', async (t) => {
    const port = await patient(t, { ...SHORT, maxRequestsPerSocket: 3 });
    const { received } = await sendSlowly(port, ['GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5)], PATIENCE);
    assert.equal(received.match(/HTTP\/1\.1 200/g)?.length, 3);
  });

  it('the timeouts and sizes in use are within the limits that slow clients need', () => {
    assert.ok(SOCKET_LIMITS.headersTimeout > 0 && SOCKET_LIMITS.headersTimeout <= 10_000);
    assert.ok(SOCKET_LIMITS.requestTimeout > 0 && SOCKET_LIMITS.requestTimeout <= 20_000);
    assert.ok(SOCKET_LIMITS.socketTimeout > 0 && SOCKET_LIMITS.socketTimeout <= 30_000);
    assert.ok(SOCKET_LIMITS.keepAliveTimeout > 0 && SOCKET_LIMITS.keepAliveTimeout <= 5000);
    assert.ok(SOCKET_LIMITS.connectionsCheckingInterval > 0 && SOCKET_LIMITS.connectionsCheckingInterval <= 1000);
    assert.ok(SOCKET_LIMITS.maxHeaderSize <= 8192);
    assert.ok(SOCKET_LIMITS.maxRequestsPerSocket > 0 && SOCKET_LIMITS.maxRequestsPerSocket <= 1000);
  });
});
