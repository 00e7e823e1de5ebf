import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import type { Metrics } from '../operations/metrics/metrics.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

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
  maxRequestsPerSocket: 100_000,
  maxConnections: 10_000,
};

/** An HTTP server that slow, oversized and malformed requests cannot hold up. Source: ASVS 5.0 4.2.1, 15.2.2. */
export function createListener(
  handler: RequestListener,
  metrics: Pick<Metrics, 'countParserError'>,
  limits: typeof SOCKET_LIMITS = SOCKET_LIMITS,
): Server {
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
  server.on('request', handler);
  // Any expectation but 100-continue: without this listener Node answers by itself and without our headers.
  server.on('checkExpectation', handler);
  server.on('upgrade', (_request, socket) => { socket.destroy(); });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    metrics.countParserError();
    if (socket.writable && error.code !== 'ECONNRESET') socket.end(parserAnswer(error.code));
    else socket.destroy();
  });
  return server;
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

/** A fixed answer below Express: the request was never understood, so nothing of it is repeated. */
function parserAnswer(code: string | undefined): string {
  const [status, phrase, name, title] = PARSER_ERRORS.get(code ?? '') ?? NOT_HTTP;
  const body = JSON.stringify({ type: 'about:blank', title, status, code: name });
  const headers = new Map([
    ...SECURITY_HEADERS,
    ['Content-Type', 'application/problem+json; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Connection', 'close'],
  ]);
  const lines = [...headers].map(([header, value]) => `${header}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${phrase}\r\n${lines.join('')}\r\n${body}`;
}

type ParserError = readonly [status: number, phrase: string, code: string, title: string];

const NOT_HTTP: ParserError = [400, 'Bad Request', 'malformed-request', 'This is not acceptable HTTP.'];

const PARSER_ERRORS: ReadonlyMap<string, ParserError> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'Request Header Fields Too Large', 'headers-too-large', 'The headers are too large.']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request Timeout', 'request-timeout', 'The request came too slowly.']],
]);
