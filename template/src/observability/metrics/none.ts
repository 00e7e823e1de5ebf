import type { Metrics } from './metrics.ts';

/** Counts nothing. */
export function createMetrics(): Metrics {
  return {
    observeRequest: () => undefined,
    countEvent: () => undefined,
    countParserError: () => undefined,
    countRefusedConnection: () => undefined,
    countLimiterFallback: () => undefined,
    expose: () => Promise.resolve(undefined),
  };
}
