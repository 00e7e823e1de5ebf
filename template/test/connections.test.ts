import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createHttpServer, listen, MANAGEMENT_LIMITS, SOCKET_LIMITS } from '../src/http/listener/http-server.ts';
import type { ListenerNeeds, SocketLimits } from '../src/http/listener/http-server.ts';
import { UNOBSERVED } from './support/listener.ts';
import { startServer } from './support/server.ts';

/** Long timeouts: within a test only the limit under attack may close a connection. */
const PATIENT: SocketLimits = {
  ...SOCKET_LIMITS,
  headersTimeout: 60_000,
  requestTimeout: 60_000,
  socketTimeout: 60_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 50,
};

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const COMPOSE = new URL('../compose.yaml', import.meta.url);
/** Open files for the database, mail and the program itself. */
const RESERVE = 1024;

interface Listener {
  readonly server: Server;
  readonly port: number;
}

async function listener(
  t: TestContext,
  limits: SocketLimits,
  needs: ListenerNeeds = UNOBSERVED,
  body = Buffer.from('ok'),
): Promise<Listener> {
  const server = createHttpServer(
    (_request, response) => {
      response.end(body);
    },
    needs,
    limits,
  );
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, port: await listen(server, 0, '127.0.0.1') };
}

/** Opens connections that send one request each and stay open. */
async function keep(t: TestContext, port: number, count: number, request = GET, localAddress = '127.0.0.1'): Promise<net.Socket[]> {
  const sockets = Array.from({ length: count }, () => net.connect({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(
    sockets.map(async (socket) => {
      await first(socket, 'connect', 'close');
      socket.write(request);
      await first(socket, 'data', 'close');
    }),
  );
  return sockets;
}

const first = (socket: net.Socket, ...events: string[]) =>
  new Promise((resolve) => {
    for (const event of events) socket.once(event, resolve);
  });

const openAt = (server: Server) =>
  new Promise<number>((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });

/** The number of open connections, as soon as it is as expected or after five seconds. */
async function settled(server: Server, expected: number): Promise<number> {
  for (let round = 0; round < 100 && (await openAt(server)) !== expected; round += 1) await delay(50);
  return openAt(server);
}

describe('connections', { concurrency: true }, () => {
  it('a client that sends nothing and never closes its side gets 408 and is disconnected', async (t) => {
    const { server, port } = await listener(t, { ...PATIENT, headersTimeout: 200, requestTimeout: 200 });
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
    t.after(() => socket.destroy());
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    await once(socket, 'end');
    assert.match(received, /^HTTP\/1\.1 408 /);
    assert.equal(await settled(server, 0), 0);
  });

  it('one address gets five connections when five are allowed, and one more for each that it closes', async (t) => {
    const { server, port } = await listener(t, { ...PATIENT, maxConnectionsPerAddress: 5 });
    const sockets = await keep(t, port, 20);
    assert.equal(sockets.filter((socket) => socket.bytesRead > 0).length, 5);
    assert.equal(await settled(server, 5), 5);
    if (process.platform === 'linux') {
      const [other] = await keep(t, port, 1, GET, '127.0.0.2');
      assert.ok((other?.bytesRead ?? 0) > 0);
      other?.destroy();
    }
    sockets.find((socket) => socket.bytesRead > 0)?.destroy();
    assert.equal(await settled(server, 4), 4);
    assert.equal((await keep(t, port, 3)).filter((socket) => socket.bytesRead > 0).length, 1);
  });

  it('the limit of connections for one address does not apply to a trusted proxy', async (t) => {
    const { port } = await listener(t, { ...PATIENT, maxConnectionsPerAddress: 5 }, { ...UNOBSERVED, trustedProxies: ['127.0.0.0/24'] });
    const sockets = await keep(t, port, 20);
    assert.equal(sockets.filter((socket) => socket.bytesRead > 0).length, 20);
  });

  it('connections kept alive with health checks count towards the limit of an address, and one event is logged', async (t) => {
    const server = await startServer(t);
    const sockets = await keep(t, server.port, SOCKET_LIMITS.maxConnectionsPerAddress + 44, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal(sockets.filter((socket) => socket.bytesRead > 0).length, SOCKET_LIMITS.maxConnectionsPerAddress);
    assert.equal(server.logs.filter(({ event }) => event === 'connections_refused').length, 1);
  });

  it('connections over the limit of the listener are refused and counted, whatever address they come from', async (t) => {
    const counted: string[] = [];
    const metrics = { ...UNOBSERVED.metrics, countRefusedConnection: (limit: string) => void counted.push(limit) };
    const { port } = await listener(t, { ...PATIENT, maxConnections: 3 }, { ...UNOBSERVED, metrics, trustedProxies: ['127.0.0.0/24'] });
    const sockets = await keep(t, port, 5);
    assert.equal(sockets.filter((socket) => socket.bytesRead > 0).length, 3);
    assert.deepEqual(counted, ['total', 'total']);
  });

  it('when unread responses exceed the limit, the largest are cut off and other responses arrive', async (t) => {
    const megabytes = (count: number) => count * 1024 * 1024;
    const counted: string[] = [];
    const metrics = { ...UNOBSERVED.metrics, countRefusedConnection: (limit: string) => void counted.push(limit) };
    const { port } = await listener(
      t,
      { ...PATIENT, maxUnsentBytes: megabytes(40) },
      { ...UNOBSERVED, metrics },
      Buffer.alloc(megabytes(16)),
    );
    const slow = Array.from({ length: 6 }, () =>
      net
        .connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .pause(),
    );
    t.after(() => {
      for (const socket of slow) socket.destroy();
    });
    await Promise.all(slow.map((socket) => once(socket, 'connect')));
    for (const socket of slow) socket.write(GET);
    for (let round = 0; round < 100 && counted.length < 4; round += 1) await delay(50);
    assert.deepEqual(counted, ['unsent', 'unsent', 'unsent', 'unsent']);
    const fetched = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal((await fetched.arrayBuffer()).byteLength, megabytes(16));
  });

  it('the limit of connections leaves at least 1,024 open files for the database and mail', (t) => {
    const connections = SOCKET_LIMITS.maxConnections + MANAGEMENT_LIMITS.maxConnections;
    assert.ok(SOCKET_LIMITS.maxConnectionsPerAddress <= SOCKET_LIMITS.maxConnections / 10);
    if (!existsSync(COMPOSE)) {
      t.diagnostic('this project has no compose.yaml: see LimitNOFILE in docs/operations.md');
      return;
    }
    const files = Number(/nofile: (\d+)/.exec(readFileSync(COMPOSE, 'utf8'))?.[1]);
    assert.ok(files >= connections + RESERVE, `${files} files for ${connections} connections`);
  });
});
