const SENSITIVE = /pass|secret|token|authorization|cookie|credential|api-?key|private|email|hash|(?:database|smtp)_?url|^body$|^headers$|^parameters$/i;
const MAX_DEPTH = 6;
const MAX_ITEMS = 50;
const MAX_TEXT = 1024;

/**
 * A copy of a value that may be logged: no secrets and no personal data at any depth, bounded in size, plain data only.
 * Source: ASVS 5.0 16.2.5; OWASP Logging Cheat Sheet, "Data to exclude".
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return value === undefined ? undefined : `[${typeof value}]`;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return '[binary]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redact(item, depth + 1));
  return redactFields(value, depth + 1);
}

/** Fields of an object; what a sensitive name holds is dropped unseen. */
export function redactFields(fields: object, depth = 0): Record<string, unknown> {
  const safe = Object.entries(fields)
    .slice(0, MAX_ITEMS)
    .map(([name, value]) => [clip(name), SENSITIVE.test(name) ? '[redacted]' : redact(value, depth)] as const);
  return Object.fromEntries(safe);
}

/** Name, message and stack. Other properties of errors carry input: bodies, query parameters, request headers. */
function redactError(error: Error, depth: number): unknown {
  const cause = error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) };
  return { name: clip(error.name), message: scrub(error.message), stack: scrub(error.stack ?? '', 4 * MAX_TEXT), ...cause };
}

const CREDENTIALS_IN_URL = /:\/\/[^\s/@]{1,256}@/g;
const JWT = /eyJ[\w-]{5,}\.[\w-]+\.?[\w-]*/g;

function scrub(text: string, length = MAX_TEXT): string {
  // A margin, so that cutting never leaves the first half of a secret; not the whole text, which may be megabytes.
  const near = text.slice(0, length + 512);
  return clip(near.replace(CREDENTIALS_IN_URL, '://[redacted]@').replace(JWT, '[redacted]'), length);
}

function clip(text: string, length = MAX_TEXT): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
