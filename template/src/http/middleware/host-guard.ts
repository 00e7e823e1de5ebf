import type { RequestHandler } from 'express';
import { Problem } from '../problem.ts';

// If a header is sent twice, a proxy and this server may each use a different value. Node.js uses the first and drops the rest.
const SINGLE_HEADERS = new Set(['host', 'authorization', 'content-type', 'content-encoding']);

const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5}|)$/i;

/**
 * Accepts only requests for our own host names. A foreign Host could poison caches and links, and a web page could reach
 * a server on its visitor's machine (DNS rebinding). Source: ASVS 5.0 4.1.3; RFC 9112 section 3.2.
 *
 * @param allowedHosts lower-case names without port
 */
export function hostGuard(allowedHosts: readonly string[]): RequestHandler {
  const allowed = new Set(allowedHosts);
  return (request, _response, next) => {
    // An absolute URL as target contains a host, which would override the Host header that is checked below.
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

const badRequest = () => new Problem({ status: 400, code: 'invalid-request', title: 'The request target or a header is invalid.' });

const misdirected = () => new Problem({ status: 421, code: 'misdirected-request', title: 'This server does not serve that host.' });
