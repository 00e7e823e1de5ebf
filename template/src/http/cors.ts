import cors from 'cors';
import type { RequestHandler } from 'express';
import { Problem } from './problem.ts';
import { contextOf } from './request-context.ts';

/**
 * Lets the listed origins, and no other, read answers in a browser.
 *
 * @param origins exact origins; without any, no CORS header is ever sent
 */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  if (origins.length === 0) return (_request, _response, next) => { next(); };
  const allowed = new Set(origins);
  const share = cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type'],
    exposedHeaders: ['Allow', 'Location', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
    credentials: false,
    maxAge: 600,
  });
  return (request, response, next) => {
    const { origin } = request.headers;
    if (origin !== undefined && !allowed.has(origin)) {
      contextOf(request).audit('malicious_cors');
      if (request.method === 'OPTIONS') throw originRefused();
    }
    share(request, response, next);
  };
}

const originRefused = () =>
  new Problem({
    status: 403,
    code: 'origin-not-allowed',
    title: 'This origin may not use the API.',
    headers: { Vary: 'Origin' },
  });
