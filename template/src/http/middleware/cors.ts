import cors from 'cors';
import type { RequestHandler } from 'express';
import { Problem } from '../problem.ts';
import { contextOf } from '../request-context.ts';

export interface CrossOrigin {
  /** Sets headers only. Runs before the rate limit, so that a page of a listed origin can read a 429. */
  readonly share: RequestHandler;
  /** Answers preflights and reports other origins. Runs after the rate limit, so that preflights are counted too. */
  readonly guard: RequestHandler;
}

interface Origins {
  readonly listed: readonly string[];
  readonly own: string;
  readonly credentials: boolean;
}

const OPTIONS = {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: ['Authorization', 'Content-Type'],
  exposedHeaders: ['Allow', 'Location', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'],
  maxAge: 600,
};

/**
 * Lets pages of the listed origins, and no others, read responses in a browser.
 *
 * @param listed exact origins; if empty, no CORS header is sent
 * @param own the origin of the server itself: browsers name it too, and it is not foreign
 * @param credentials whether pages of the listed origins may send cookies
 */
export function crossOrigin({ listed, own, credentials }: Origins): CrossOrigin {
  if (listed.length === 0) return { share: pass, guard: pass };
  const known = new Set([...listed, own]);
  const answerTo = (withCredentials: boolean) => cors({ ...OPTIONS, origin: [...listed], credentials: withCredentials });
  const [toListed, toOthers] = [answerTo(credentials), answerTo(false)];
  const answer: RequestHandler = (request, ...rest) => {
    (listed.includes(request.headers.origin ?? '') ? toListed : toOthers)(request, ...rest);
  };
  return {
    share: (request, response, next) => {
      if (request.method === 'OPTIONS') next();
      else answer(request, response, next);
    },
    guard: (request, response, next) => {
      const {
        method,
        headers: { origin },
      } = request;
      if (origin !== undefined && !known.has(origin)) {
        contextOf(request).audit('malicious_cors');
        if (method === 'OPTIONS') throw originRefused();
      }
      if (method === 'OPTIONS') answer(request, response, next);
      else next();
    },
  };
}

const pass: RequestHandler = (_request, _response, next) => {
  next();
};

const originRefused = () =>
  new Problem({
    status: 403,
    code: 'origin-not-allowed',
    title: 'This origin may not use the API.',
    headers: { Vary: 'Origin' },
  });
