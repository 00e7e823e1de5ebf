import { redactFields } from './redaction.ts';
import { SECURITY_EVENTS } from './security-events.ts';
import { writeLine } from './standard-output.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;

export type LogLevel = (typeof LEVELS)[number];
type Fields = Readonly<Record<string, unknown>>;
type Write = (line: string) => void;

/** Structured log. `event` is a fixed name from the code; all values go into `fields`. */
export type Log = Readonly<Record<Exclude<LogLevel, 'fatal'>, (event: string, fields?: Fields) => void>> & {
  at(level: LogLevel, event: string, fields?: Fields): void;
};

export interface LogOptions {
  /** Lowest level that is written. Security events are written at every level but `silent`. */
  readonly level: Exclude<LogLevel, 'fatal'> | 'silent';
  /** Gets whole lines. Default: standard output, in batches. */
  readonly write?: Write;
}

/** Writes JSON lines: time (UTC), level, event, fields. It never throws; lines that cannot be written are counted. */
export function createLog({ level, write = writeLine }: LogOptions): Log {
  const threshold = level === 'silent' ? Infinity : LEVELS.indexOf(level);
  function at(name: LogLevel, event: string, fields: Fields = {}): void {
    const wanted = LEVELS.indexOf(name) >= threshold || (event in SECURITY_EVENTS && level !== 'silent');
    if (wanted) write(line(name, event, fields));
  }
  return {
    at,
    debug: (event, fields) => {
      at('debug', event, fields);
    },
    info: (event, fields) => {
      at('info', event, fields);
    },
    warn: (event, fields) => {
      at('warn', event, fields);
    },
    error: (event, fields) => {
      at('error', event, fields);
    },
  };
}

function line(level: LogLevel, event: string, fields: Fields): string {
  const head = { time: new Date().toISOString(), level, event };
  try {
    return escapeTerminal(JSON.stringify({ ...head, ...redactFields(fields), ...head })) + '\n';
  } catch {
    return JSON.stringify({ ...head, unloggable: true }) + '\n';
  }
}

// JSON does not escape these: DEL and C1 controls can control a terminal; line separators and bidirectional marks can fake lines.
const TERMINAL = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function escapeTerminal(json: string): string {
  return json.replace(TERMINAL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
