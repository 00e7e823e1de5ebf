const SENSITIVE =
  /pass|secret|token|authorization|cookie|credential|api-?key|private|email|hash|(?:database|smtp)_?url|^body$|^headers$|^parameters$/i;
const MAX_DEPTH = 6;
const MAX_ITEMS = 50;
const MAX_TEXT = 1024;
/** Maximum characters of one line. Needed too: fifty items at each of six depths would be fifteen billion values. */
const MAX_LINE = 65_536;
/** Characters that each value counts in addition to its text. */
const VALUE = 32;

/** How many characters the line may still get. */
interface Room {
  left: number;
}

/**
 * A copy of the fields that may be logged: no secrets, e-mail addresses or bodies at any depth, limited in size, plain
 * data only. Values of sensitive names are dropped unread. Source: ASVS 5.0 16.2.5; OWASP Logging Cheat Sheet, "Data to exclude".
 */
export function redactFields(fields: object): Record<string, unknown> {
  return redactObject(fields, 0, { left: MAX_LINE });
}

function redact(value: unknown, depth: number, room: Room): unknown {
  room.left -= VALUE;
  if (room.left < 0) return '[too much]';
  if (typeof value === 'string') return scrub(value, room);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return value === undefined ? undefined : `[${typeof value}]`;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (value instanceof Error) return redactError(value, depth, room);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return '[binary]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redact(item, depth + 1, room));
  return redactObject(value, depth + 1, room);
}

function redactObject(fields: object, depth: number, room: Room): Record<string, unknown> {
  const safe = Object.entries(fields)
    .slice(0, MAX_ITEMS)
    .map(([name, value]) => {
      room.left -= Math.min(name.length, MAX_TEXT);
      return [clip(name), isSensitive(name) ? '[redacted]' : redact(value, depth, room)] as const;
    });
  return Object.fromEntries(safe);
}

const isSensitive = (name: string) => name.length > MAX_TEXT || SENSITIVE.test(name);

/** Name, message and stack only. Other properties of errors may contain input: bodies, query parameters, headers. */
function redactError(error: Error, depth: number, room: Room): unknown {
  const cause = error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1, room) };
  return { name: clip(error.name), message: scrub(error.message, room), stack: scrub(error.stack ?? '', room, 4 * MAX_TEXT), ...cause };
}

const CREDENTIALS_IN_URL = /:\/\/[^\s/@]+@/g;
// Matches only at the start of a word, and looks for the dot first: otherwise a long `eyJeyJ…` without a dot would be
// read to its end from each `eyJ`. The token may be inside a word: `session_eyJ…`.
const SIGNED_TOKEN = /(?<![\w-])(?=[\w-]*\.[\w-])([\w-]*?)eyJ[\w-]{5,}\.[\w-]+\.?[\w-]*/g;
// A secret after a public id, which stays, so that a reader of the log can find what it belongs to.
const SECRET_WITH_ID = /(_[\w-]{8}_)[\w-]{43,}/g;

function scrub(text: string, room: Room, length = MAX_TEXT): string {
  // Longer than the result, so that cutting does not leave half a secret unmatched; not the whole text: it may be megabytes.
  const near = text.slice(0, length + 512);
  room.left -= near.length;
  const safe = near
    .replace(SECRET_WITH_ID, '$1[redacted]')
    .replace(CREDENTIALS_IN_URL, '://[redacted]@')
    .replace(SIGNED_TOKEN, '$1[redacted]');
  return clip(safe, length);
}

function clip(text: string, length = MAX_TEXT): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
