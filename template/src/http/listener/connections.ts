import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { repeatedEvent } from '../../observability/repeated-event.ts';
import type { Log } from '../../observability/log.ts';
import type { ConnectionLimit, Metrics } from '../../observability/metrics/metrics.ts';
import { addressKey, plainAddress, trustedPeers } from '../../network/client-address.ts';

const LOG_PERIOD_MS = 60_000;

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxUnsentBytes: number;
  readonly connectionsCheckingInterval: number;
}

export interface ConnectionBounds {
  readonly limits: ConnectionLimits;
  /** Proxies: their connections carry many clients, so the limit of one address does not apply to them. */
  readonly trustedProxies: readonly string[];
  readonly metrics: Pick<Metrics, 'countRefusedConnection'>;
  readonly log: Pick<Log, 'at'>;
}

/** Limits connections, so that one address or clients that do not read responses cannot use up open files and memory. */
export function boundConnections(server: Server, { limits, trustedProxies, metrics, log }: ConnectionBounds): void {
  const isProxy = trustedPeers(trustedProxies);
  const admit = countByAddress(limits.maxConnectionsPerAddress);
  const sockets = new Set<Socket>();
  const report = repeatedEvent(log, 'warn', 'connections_refused', LOG_PERIOD_MS);

  function refused(limit: ConnectionLimit, socket?: Socket): void {
    metrics.countRefusedConnection(limit);
    report({ limit, ip: socket?.remoteAddress });
    socket?.destroy();
  }

  server.on('drop', () => {
    refused('total');
  });
  server.on('connection', (socket: Socket) => {
    if (!isProxy(socket.remoteAddress) && !admit(socket)) {
      refused('address', socket);
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const sweep = setInterval(() => {
    for (const socket of overBudget(sockets, limits.maxUnsentBytes)) refused('unsent', socket);
  }, limits.connectionsCheckingInterval).unref();
  server.once('close', () => {
    clearInterval(sweep);
  });
}

/** @returns a function that counts a socket while it is open; it returns false when the address is at its limit */
function countByAddress(most: number): (socket: Socket) => boolean {
  const open = new Map<string, number>();
  return (socket) => {
    const key = addressKey(plainAddress(socket.remoteAddress ?? ''));
    const before = open.get(key) ?? 0;
    if (before >= most) return false;
    open.set(key, before + 1);
    socket.once('close', () => {
      const left = (open.get(key) ?? 0) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    });
    return true;
  };
}

/** The sockets with the most unsent bytes: as many as must be closed to bring the sum under the budget. */
function overBudget(sockets: Iterable<Socket>, budget: number): Socket[] {
  const slow = [...sockets].filter((socket) => socket.writableLength > 0);
  let total = slow.reduce((sum, socket) => sum + socket.writableLength, 0);
  if (total <= budget) return [];
  const ended = [];
  for (const socket of slow.toSorted((a, b) => b.writableLength - a.writableLength)) {
    if (total <= budget) break;
    total -= socket.writableLength;
    ended.push(socket);
  }
  return ended;
}
