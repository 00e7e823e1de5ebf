import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import { boundConnections } from './connections.ts';
import type { ConnectionBounds } from './connections.ts';
import { parserAnswer } from './parser-errors.ts';
import { oneAtATime } from './pipeline.ts';

/** Limits of every connection; times in milliseconds, sizes in bytes. */
export const SOCKET_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  /** A socket without traffic for this long is closed, also when the client does not read its response. */
  socketTimeout: 30_000,
  keepAliveTimeout: 5_000,
  /** How often timeouts are checked. With the default of 30 s a slow client could stay three times as long. */
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192,
  maxHeadersCount: 64,
  /** As many as nginx sends on one connection to a server by default; the last response has `Connection: close`. */
  maxRequestsPerSocket: 1_000,
  /** Pipelined requests that may wait on one connection. Proxies and browsers do not pipeline. */
  maxPipelined: 32,
  /** At most half of the open files that the process may have: its database and mail need files too. */
  maxConnections: 4_000,
  /** For one address (one IPv6 /56), not for trusted proxies: enough for forty browsers with six connections each. */
  maxConnectionsPerAddress: 256,
  /** Sum of all response bytes that wait in memory for slow clients. */
  maxUnsentBytes: 64 * 1024 * 1024,
};

/** The clients of the management port are operators and their probes. */
export const MANAGEMENT_LIMITS: SocketLimits = { ...SOCKET_LIMITS, maxConnections: 100 };

export type SocketLimits = typeof SOCKET_LIMITS;

export interface ListenerNeeds extends Omit<ConnectionBounds, 'limits' | 'metrics'> {
  readonly metrics: Pick<Metrics, 'countParserError' | 'countRefusedConnection'>;
}

/** An HTTP server with limits for slow, large, numerous and malformed requests. Source: ASVS 5.0 4.2.1, 15.2.2. */
export function createHttpServer(handler: RequestListener, needs: ListenerNeeds, limits: SocketLimits = SOCKET_LIMITS): Server {
  const { headersTimeout, requestTimeout, keepAliveTimeout, connectionsCheckingInterval, maxHeaderSize } = limits;
  const server = createServer({
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval,
    maxHeaderSize,
    // If a proxy and this server parse a request differently, a second request can be smuggled inside the first.
    insecureHTTPParser: false,
    // The host guard refuses a missing Host and sends our headers; the response of Node.js would not have them.
    requireHostHeader: false,
    joinDuplicateHeaders: false,
    rejectNonStandardBodyWrites: true,
  });
  server.maxHeadersCount = limits.maxHeadersCount;
  server.maxRequestsPerSocket = limits.maxRequestsPerSocket;
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.socketTimeout);
  boundConnections(server, { ...needs, limits });
  listenForRequests(server, oneAtATime(handler, limits.maxPipelined), needs.metrics);
  return server;
}

/** There is no listener for `upgrade`, so Node.js ignores the header and handles the request as usual. */
function listenForRequests(server: Server, handler: RequestListener, metrics: ListenerNeeds['metrics']): void {
  server.on('request', handler);
  // Any expectation but 100-continue: without this listener Node.js would respond itself, without our headers.
  server.on('checkExpectation', handler);

  function refuse(socket: Socket, code?: string): void {
    metrics.countParserError();
    // Destroyed too, because a client that does not close its side would keep the socket until the last timeout.
    if (socket.writable && code !== 'ECONNRESET')
      socket.end(parserAnswer(code), () => {
        socket.destroy();
      });
    else socket.destroy();
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    refuse(socket, error.code);
  });
  // CONNECT is for forward proxies only. Without this listener Node.js closes the connection without counting it.
  server.on('connect', (_request, socket: Socket) => {
    refuse(socket);
  });
}

/** @returns the port; if `port` is 0, the system chooses one */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/**
 * Stops accepting connections, lets running requests finish and closes idle connections.
 *
 * @param deadlineMs after this time the remaining connections are closed
 */
export async function drain(server: Server, deadlineMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  // A connection becomes idle after its last response; if the client kept it open, the server would not close.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
  }, 50);
  const deadline = setTimeout(() => {
    server.closeAllConnections();
  }, deadlineMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}
