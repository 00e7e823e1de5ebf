import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import { lostLines } from '../standard-output.ts';
import type { Metrics } from './metrics.ts';

/** Prometheus metrics, with a separate registry for each server. */
export function createMetrics(): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests by route pattern.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const events = new Counter({
    name: 'security_events_total',
    help: 'Security events by name (OWASP Logging Vocabulary).',
    labelNames: ['event'],
    registers,
  });
  const { parserErrors, refusedConnections, fallbacks } = defences(registers);
  return {
    observeRequest: (method, route, status, seconds) => {
      requests.observe({ method: COMMON.has(method) ? method : 'other', route, status: `${Math.floor(status / 100)}xx` }, seconds);
    },
    countEvent: (event) => {
      events.inc({ event });
    },
    countParserError: () => {
      parserErrors.inc();
    },
    countRefusedConnection: (limit) => {
      refusedConnections.inc({ limit });
    },
    countLimiterFallback: () => {
      fallbacks.inc();
    },
    expose: async () => ({ contentType: register.contentType, body: await register.metrics() }),
  };
}

// Every other method is counted as 'other': otherwise clients could add a series for each method and route.
const COMMON = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function defences(registers: Registry[]): Record<'parserErrors' | 'refusedConnections' | 'fallbacks', Counter> {
  const counter = (name: string, help: string, labelNames: string[] = []) => new Counter({ name, help, labelNames, registers });
  new Counter({
    name: 'log_lines_lost_total',
    help: 'Log lines that could not be written to standard output, for example because the disk was full.',
    registers,
    collect() {
      this.reset();
      this.inc(lostLines());
    },
  });
  return {
    parserErrors: counter('http_parser_errors_total', 'Connections closed because a request was not valid HTTP or too slow.'),
    refusedConnections: counter('http_connections_refused_total', 'Connections closed by a limit of the listener.', ['limit']),
    fallbacks: counter('rate_limit_fallbacks_total', 'Requests limited by the count of this process because the store failed.'),
  };
}
