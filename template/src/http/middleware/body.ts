import express from 'express';
import type { RequestHandler } from 'express';
import { isUtf8 } from 'node:buffer';
import { Problem } from '../problem.ts';
import { contextOf } from '../request-context.ts';
import type { AnyRoute } from '../route.ts';

const DEFAULT_LIMIT = 16 * 1024;
const MAX_DEPTH = 32;
const MAX_KEYS = 1000;
const MAX_ITEMS = 1000;

/** Reads the JSON body of a route that declares one, within its limits. Mount it after authorisation. */
export function readBody(route: AnyRoute): RequestHandler {
  if (route.body === undefined)
    return (_request, _response, next) => {
      next();
    };
  const limit = route.bodyLimit ?? DEFAULT_LIMIT;
  const parse: RequestHandler = express.json({ limit, inflate: false, strict: true, verify: refuseUnparsable, reviver: refusePrototype });
  return (request, response, next) => {
    // Without this check the parser would read a body of a gigabyte to its end before refusing it.
    if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge();
    parse(request, response, (error?: unknown) => {
      if (error instanceof PrototypeKey) contextOf(request).audit('malicious_extraneous');
      next(error === undefined ? undefined : asProblem(error));
    });
  };
}

/** Checks the bytes before they are parsed: deep nesting can overflow the stack of code that walks the result. */
function refuseUnparsable(_request: unknown, _response: unknown, bytes: Buffer): void {
  if (!isUtf8(bytes)) throw malformed();
  let depth = 0;
  let keys = 0;
  let items = 0;
  let inString = false;
  let escaped = false;
  for (const byte of bytes) {
    if (escaped) escaped = false;
    else if (byte === 0x22 /* " */) inString = !inString;
    else if (inString) escaped = byte === 0x5c; /* \ */
    else if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) depth += 1;
    else if (byte === 0x7d /* } */ || byte === 0x5d /* ] */) depth -= 1;
    else if (byte === 0x3a /* : */) keys += 1;
    else if (byte === 0x2c /* , */) items += 1;
    if (depth > MAX_DEPTH || keys > MAX_KEYS || items >= MAX_ITEMS) throw tooComplex();
  }
}

class PrototypeKey extends Error {}

/** Code that copies `__proto__` from JSON into an object changes its prototype. Source: ASVS 5.0 15.3.6. */
function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__' || key === 'constructor' || key === 'prototype') throw new PrototypeKey();
  return value;
}

/** Errors of the parser contain the body and internal messages, so they are replaced. */
function asProblem(error: unknown): unknown {
  if (error instanceof Problem) return error;
  if (error instanceof PrototypeKey) return prototypeKey();
  switch ((error as { type?: unknown }).type) {
    case 'entity.too.large':
      return tooLarge();
    case 'entity.parse.failed':
    case 'request.aborted':
    case 'request.size.invalid':
      return malformed();
    default:
      return error;
  }
}

const malformed = () => new Problem({ status: 400, code: 'malformed-json', title: 'The body is not a JSON object or array in UTF-8.' });

const tooComplex = () =>
  new Problem({ status: 400, code: 'invalid-request', title: 'The body is nested too deeply or has too many members.' });

const prototypeKey = () => new Problem({ status: 400, code: 'invalid-request', title: 'The body contains a key that is never accepted.' });

/** The rest of the body is not read, so the connection must be closed. */
const tooLarge = () =>
  new Problem({
    status: 413,
    code: 'payload-too-large',
    title: 'The body is too large.',
    headers: { Connection: 'close' },
  });
