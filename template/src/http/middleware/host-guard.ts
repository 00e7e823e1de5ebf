import type { RequestHandler } from 'express';
import { Problem } from '../problem.ts';

// Sent twice, a proxy and this server may each believe another one. Node keeps the first and drops the rest silently.
const SINGLE_HEADERS = new Set(['host', 'authorization', 'content-type', 'content-encoding']);

const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5}|)$/i;

/**
 * Only requests for our own names pass: a foreign Host would poison caches and links, and lets a web page reach a
 * server on its visitor's machine (DNS rebinding). Source: ASVS 5.0 4.1.3; RFC 9112 section 3.2.
 *
 * @param allowedHosts lower-case names without port
 */
export function hostGuard(allowedHosts: readonly string[]): RequestHandler {
  const allowed = new Set(allowedHosts);
  return (request, _response, next) => {
    // An absolute target names a host of its own, which would win over the checked one.
    if (!request.url.startsWith('/') || repeatsHeader(request.rawHeaders)) throw badRequest();
    const name = HOST.exec(request.headers.host ?? '')?.[1]?.toLowerCase();
    if (name === undefined) throw badRequest();
    if (!allowed.has(name)) throw misdirected();
    next();
  };
}

function repeatsHeader(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders.at(index)?.toLowerCase() ?? '';
    if (!SINGLE_HEADERS.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}

const badRequest = () =>
  new Problem({ status: 400, code: 'invalid-request', title: 'The request target or a header is not acceptable.' });

const misdirected = () =>
  new Problem({ status: 421, code: 'misdirected-request', title: 'This server does not answer for that host.' });
