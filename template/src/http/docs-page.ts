import type { RequestHandler } from 'express';
import { randomBytes } from 'node:crypto';
import { PROJECT_DESCRIPTION, PROJECT_NAME } from '../project.ts';
import type { AnyRoute } from './route.ts';

/** A page for people that lists the routes. It has no script; its Content-Security-Policy allows only its own style. */
export function docsPage(routes: readonly AnyRoute[]): RequestHandler {
  const rows = routes.map(row).join('\n');
  return (_request, response) => {
    const nonce = randomBytes(16).toString('base64');
    response.set(
      'Content-Security-Policy',
      `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    response.type('text/html; charset=utf-8').send(page(rows, nonce));
  };
}

function row({ method, path, summary, access }: AnyRoute): string {
  const who = access.kind === 'permission' ? access.permission : access.kind;
  const cells = [method.toUpperCase(), path, summary, who].map((text) => `<td>${escapeHtml(text)}</td>`);
  return `<tr>${cells.join('')}</tr>`;
}

const page = (rows: string, nonce: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escapeHtml(PROJECT_NAME)}</title>
<style nonce="${nonce}">
  body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
  td, th { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top }
  td:nth-child(-n + 2) { font-family: ui-monospace, monospace }
</style>
<h1>${escapeHtml(PROJECT_NAME)}</h1>
<p>${escapeHtml(PROJECT_DESCRIPTION)}</p>
<p>For tools: <a href="/openapi.json">OpenAPI 3.1</a>. In production this page does not exist.</p>
<table>
<thead><tr><th>Method</th><th>Path</th><th>Does</th><th>Access</th></tr></thead>
<tbody>
${rows}
</tbody>
</table>
</html>
`;

const escapeHtml = (text: string) => text.replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
