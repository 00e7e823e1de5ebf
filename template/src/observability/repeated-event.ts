import type { Log, LogLevel } from './log.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Logs an event that a flood would cause on every request: the first one at once, all others of a period as one number.
 *
 * @param periodMs shortest time between two lines with details, in milliseconds
 */
export function repeatedEvent(log: Pick<Log, 'at'>, level: LogLevel, event: string, periodMs: number): (fields: Fields) => void {
  let silent = false;
  let repeated = 0;

  function sumUp(): void {
    silent = false;
    if (repeated > 0) log.at(level, event, { repeated });
    repeated = 0;
  }

  return (fields) => {
    if (silent) {
      repeated += 1;
      return;
    }
    silent = true;
    log.at(level, event, fields);
    setTimeout(sumUp, periodMs).unref();
  };
}
