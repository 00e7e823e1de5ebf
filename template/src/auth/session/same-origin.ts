import type { Request } from 'express';
import { Problem } from '../../http/problem.ts';

/** Methods that change nothing. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

interface Origins {
  readonly publicUrl: string;
  readonly corsOrigins: readonly string[];
}

/**
 * Refuses requests of other sites that change something (CSRF), also a login, which could sign a victim in to the account
 * of the attacker. Pages cannot set these headers, and every browser since 2023 sends `Sec-Fetch-Site`. A request with
 * neither header comes from a browser whose origin is unknown or from another program, so it is refused.
 * Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "Fetch Metadata headers"; ASVS 5.0 V3.5.1.
 *
 * @returns a function that throws Problem 403 `cross-site-request`
 */
export function requireSameOrigin({ publicUrl, corsOrigins }: Origins): (request: Request) => void {
  const shared = new Set(corsOrigins);
  return ({ method, headers }) => {
    if (SAFE.has(method)) return;
    const { origin, 'sec-fetch-site': site } = headers;
    // CORS lets the pages of these origins send requests with the cookie.
    if (origin !== undefined && shared.has(origin)) return;
    const isOwn = site === undefined ? origin === publicUrl : site === 'same-origin';
    if (!isOwn) throw crossSiteRequest();
  };
}

const crossSiteRequest = () =>
  new Problem({
    status: 403,
    code: 'cross-site-request',
    title: 'This request must come from a page of this origin, or name its origin in the header Origin.',
  });
