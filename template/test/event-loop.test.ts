import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import type { AnyRoute } from '../src/http/route.ts';
import { createLog } from '../src/observability/log.ts';
import { createFeatures } from '../src/routes.ts';
import { assertGrowsLinearly, sizesUpTo } from './support/growth.ts';
import { startServer } from './support/server.ts';

/** Maximum size of the request line and headers, with path and query. */
const LARGEST_HEAD = 8_192;
const LARGEST_BODY = 16_384;
const LARGEST_ERROR = 65_536;

const repeat = (unit: string, size: number) => unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
const marks = (size: number) => `a${repeat('\u0301', size / 2)}${repeat('\u0316', size / 2)}`;
const around = (before: string, unit: string, after: string) => (size: number) => `${before}${repeat(unit, size)}${after}`;

/** Texts of a given size on which regular expressions, normalising and decoding are known to take long. */
const WORST: Readonly<Record<string, (size: number) => string>> = {
  'marks to be sorted': marks,
  'short runs of marks': around('', `a${'\u0316'.repeat(15)}${'\u0301'.repeat(15)}`, ''),
  'one letter': around('', 'a', '!'),
  'one digit': around('', '1', 'x'),
  'spaces inside': around('a', ' ', 'b'),
  'line feeds': around('a', '\n', 'b'),
  'carriage returns': around('a', '\r\n', '\r'),
  'almost an address': around('a@', 'a.', '@'),
  'addresses in a row': around('', 'a@a.', '@'),
  'dashes of a host name': around('a@a', '-', '.'),
  dots: around('a', '.', 'a'),
  'almost a UUID': around('', '0-', 'g'),
  'begun tokens': around('', 'eyJ', ''),
  'begun tokens before a dot': around('', 'eyJ', '. '),
  'tokens without an end': around('', 'eyJaaaaa.', ''),
  'begun addresses': around('', '://a', ''),
  'percent signs': around('', '%', ''),
  'percent encodings': around('', '%41', '%'),
  quotes: around('', '"', '\\'),
  'nested brackets': around('', '(', ')'),
  'halves of a pair': around('', '\ud83d', ''),
  'emoji joined': around('', '\u{1f468}\u200d', '!'),
  'letters that grow in lower case': around('', '\u0130', ''),
  'letters that depend on their neighbours': around('', '\u03a3.', ''),
  'syllables to be composed': around('', '\u1100\u1161\u11a8', ''),
  'letters that decompose': around('', '\u1e14\u0344', ''),
};

interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
}

/** Puts a text into one field of a part of a request. */
type Fill = (text: string) => unknown;

/** Every field of a schema, and for each object a field with any other name. */
function fieldsOf({ properties, items, anyOf }: Shape, name: string): [string, Fill][] {
  if (anyOf) return anyOf.flatMap((shape) => fieldsOf(shape, name));
  if (items) return fieldsOf(items, `${name}[]`).map(([path, fill]) => [path, (text) => [fill(text)]]);
  if (!properties) return [[name, (text) => text]];
  const inside = Object.entries(properties).flatMap(([key, shape]) =>
    fieldsOf(shape, `${name}.${key}`).map(([path, fill]): [string, Fill] => [path, (text) => ({ [key]: fill(text) })]),
  );
  return [...inside, [`${name}.*`, (text) => ({ [text]: text })]];
}

interface Field {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly fill: Fill;
  /** Longest text that can arrive, in UTF-16 units. */
  readonly largest: number;
}

function fieldsOfRoute({ method, path, params, query, body, bodyLimit = LARGEST_BODY }: AnyRoute): Field[] {
  const parts: [string, z.ZodType | undefined, number][] = [
    ['params', params, LARGEST_HEAD],
    ['query', query, LARGEST_HEAD],
    ['body', body, bodyLimit],
  ];
  return parts.flatMap(([part, schema, largest]) => {
    if (schema === undefined) return [];
    const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
    return fieldsOf(shape, `${method} ${path} ${part}`).map(([name, fill]) => ({ name, schema, fill, largest }));
  });
}

describe('event loop', () => {
  it('in every field of every route the time to check a text grows no faster than the text', async (t) => {
    const { routes } = createFeatures((await startServer(t)).services);
    const fields = routes.flatMap(fieldsOfRoute);
    assert.ok(
      fields.some(({ name }) => name === 'post /api/v1/auth/login body.email'),
      'the fields are not found',
    );
    for (const { name, schema, fill, largest } of fields) {
      for (const [kind, text] of Object.entries(WORST)) {
        assertGrowsLinearly(`${name}, ${kind}`, sizesUpTo(largest), (size) => {
          const value = fill(text(size));
          return () => schema.safeParse(value);
        });
      }
    }
  });

  it('in every place of a log line the time to write a text grows no faster than the text', () => {
    const log = createLog({ level: 'debug', write: () => undefined });
    const places: Readonly<Record<string, (text: string) => Record<string, unknown>>> = {
      'a value': (text) => ({ value: text }),
      'a name': (text) => ({ [text]: 1 }),
      'an item': (text) => ({ list: [[text]] }),
      'a message': (text) => ({ error: new Error(text) }),
      'a stack': (text) => ({ error: Object.assign(new Error('boom'), { stack: text }) }),
      'a cause': (text) => ({ error: new Error('boom', { cause: new Error(text) }) }),
    };
    for (const [place, fieldsWith] of Object.entries(places)) {
      for (const [kind, text] of Object.entries(WORST)) {
        assertGrowsLinearly(`${place}, ${kind}`, sizesUpTo(LARGEST_ERROR), (size) => {
          const fields = fieldsWith(text(size));
          return () => {
            log.error('worst', fields);
          };
        });
      }
    }
  });

  it('a log line with 125,000 values stays under 100,000 characters, and most values are not read', () => {
    let reads = 0;
    const item = {
      get value(): string {
        reads += 1;
        return 'a'.repeat(2000);
      },
    };
    const wide = (inner: unknown) => [1, 2, 3].reduce((items) => Array.from({ length: 50 }, () => items), inner);
    const lines: string[] = [];
    const log = createLog({
      level: 'debug',
      write: (line) => {
        lines.push(line);
      },
    });
    log.error('texts', { wide: wide(item) });
    log.error('numbers', { wide: wide(1) });
    assert.ok(reads < 1000, `${reads} values were read`);
    for (const line of lines) assert.ok(line.length < 100_000, `${line.length} characters`);
  });
});
