import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { Metrics } from './metrics.ts';

/** Prometheus metrics in a registry of their own. */
export function createMetrics(): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests by route pattern.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [register],
  });
  const events = new Counter({
    name: 'security_events_total',
    help: 'Security events by name (OWASP Logging Vocabulary).',
    labelNames: ['event'],
    registers: [register],
  });
  const parserErrors = new Counter({
    name: 'http_parser_errors_total',
    help: 'Connections ended because what arrived was not acceptable HTTP or came too slowly.',
    registers: [register],
  });
  return {
    observeRequest: (method, route, status, seconds) => {
      requests.observe({ method: COMMON.has(method) ? method : 'other', route, status: `${Math.floor(status / 100)}xx` }, seconds);
    },
    countEvent: (event) => { events.inc({ event }); },
    countParserError: () => { parserErrors.inc(); },
    expose: async () => ({ contentType: register.contentType, body: await register.metrics() }),
  };
}

// Each further method a client may try would be a further series for each route.
const COMMON = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
