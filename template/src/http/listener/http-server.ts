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
  /** Longest silence in either direction, also of a client that does not read its answer. */
  socketTimeout: 30_000,
  keepAliveTimeout: 5_000,
  /** Timeouts fire only when this check runs; Node's own 30 s would let a slow client stay three times as long. */
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 8_192,
  maxHeadersCount: 64,
  /** As many as nginx sends on one connection to a server by default; the last answer says `Connection: close`. */
  maxRequestsPerSocket: 1_000,
  /** Requests that wait on one connection for the one at work. Proxies and browsers send none ahead. */
  maxPipelined: 32,
  /** At most half of the open files the process may have: its database and its mail need some as well. */
  maxConnections: 4_000,
  /** Of one address, or one IPv6 /56, that is no trusted proxy: forty browsers behind one address, six connections each. */
  maxConnectionsPerAddress: 256,
  /** Answers that wait in memory until slow clients fetch them, all together. */
  maxUnsentBytes: 64 * 1024 * 1024,
};

/** Its callers are operators and their probes. */
export const MANAGEMENT_LIMITS: SocketLimits = { ...SOCKET_LIMITS, maxConnections: 100 };

export type SocketLimits = typeof SOCKET_LIMITS;

export interface ListenerNeeds extends Omit<ConnectionBounds, 'limits' | 'metrics'> {
  readonly metrics: Pick<Metrics, 'countParserError' | 'countRefusedConnection'>;
}

/** An HTTP server that slow, oversized, numerous and malformed requests cannot hold up. Source: ASVS 5.0 4.2.1, 15.2.2. */
export function createHttpServer(handler: RequestListener, needs: ListenerNeeds, limits: SocketLimits = SOCKET_LIMITS): Server {
  const { headersTimeout, requestTimeout, keepAliveTimeout, connectionsCheckingInterval, maxHeaderSize } = limits;
  const server = createServer({
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval,
    maxHeaderSize,
    // Two servers that read one request differently let a second one be smuggled inside the first.
    insecureHTTPParser: false,
    // The host guard refuses a missing Host with our headers; Node itself would answer without them.
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

/** There is no listener for `upgrade`, so Node ignores the header: the answer is the normal one, in the same protocol. */
function listenForRequests(server: Server, handler: RequestListener, metrics: ListenerNeeds['metrics']): void {
  server.on('request', handler);
  // Any expectation but 100-continue: without this listener Node answers by itself and without our headers.
  server.on('checkExpectation', handler);

  function refuse(socket: Socket, code?: string): void {
    metrics.countParserError();
    // A client that does not close its side would otherwise keep the socket until the last timeout.
    if (socket.writable && code !== 'ECONNRESET') socket.end(parserAnswer(code), () => { socket.destroy(); });
    else socket.destroy();
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => { refuse(socket, error.code); });
  // Only a forward proxy has an answer to CONNECT; without this listener Node ends the connection uncounted.
  server.on('connect', (_request, socket: Socket) => { refuse(socket); });
}

/** @returns the port, which the system chose when 0 was asked for */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/**
 * Takes no new connections, lets running requests finish and ends idle connections.
 *
 * @param deadlineMs after this time whatever still runs is cut off
 */
export async function drain(server: Server, deadlineMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  // A connection is idle again after its last answer, and a client that keeps it would keep us.
  const sweep = setInterval(() => { server.closeIdleConnections(); }, 50);
  const deadline = setTimeout(() => { server.closeAllConnections(); }, deadlineMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}
