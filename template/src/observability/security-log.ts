import type { Log } from './log.ts';
import type { Metrics } from './metrics/metrics.ts';
import { SECURITY_EVENTS } from './security-events.ts';
import type { SecurityEvent } from './security-events.ts';

export interface SecurityLog {
  readonly log: Pick<Log, 'at'>;
  readonly metrics: Pick<Metrics, 'countEvent'>;
}

const LEVELS = new Map(Object.entries(SECURITY_EVENTS));

/** Logs a security event with its level and counts it. In a request use `context.audit`. */
export function logSecurityEvent(
  { log, metrics }: SecurityLog,
  event: SecurityEvent,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  log.at(LEVELS.get(event) ?? 'warn', event, fields);
  metrics.countEvent(event);
}
