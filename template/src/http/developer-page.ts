import type { RequestHandler } from 'express';

/** A fixed file for people who develop with the API. Production does not serve it. */
export interface DeveloperPage {
  /** For example `/example`. */
  readonly path: string;
  readonly type: 'text/html' | 'text/javascript';
  readonly text: string;
}

/** Scripts and requests of the own origin; nothing inline, nothing from elsewhere. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The handlers of pages, by path. */
export const developerPageHandlers = (pages: readonly DeveloperPage[]): [string, RequestHandler][] =>
  pages.map(({ path, type, text }) => [
    path,
    (_request, response) => {
      response.set('Content-Security-Policy', POLICY).type(`${type}; charset=utf-8`).send(text);
    },
  ]);
