import type { Services } from '../services.ts';
import { SECURITY_EVENTS } from './security-events.ts';
import type { SecurityEvent } from './security-events.ts';

export type Reporting = Pick<Services, 'log' | 'metrics'>;

const LEVELS = new Map(Object.entries(SECURITY_EVENTS));

/** Logs a security event with its level and counts it. In a request use `context.audit`. */
export function report({ log, metrics }: Reporting, event: SecurityEvent, fields: Readonly<Record<string, unknown>> = {}): void {
  log.at(LEVELS.get(event) ?? 'warn', event, fields);
  metrics.countEvent(event);
}
