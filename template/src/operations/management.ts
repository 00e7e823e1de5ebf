import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isIPv4 } from 'node:net';
import { setSecurityHeaders } from '../http/middleware/security-headers.ts';
import { isPrivateHost } from '../network/private-host.ts';
import type { Services } from '../services.ts';
import type { Readiness } from './readiness.ts';

type Answer = readonly [status: number, body: string, contentType?: string];

/**
 * Health checks and metrics for operators, on a separate listener, so that no proxy rule and no spelling of a path on the
 * public port reaches them. Responses have a status but no reason. Source: ASVS 5.0 13.4.5.
 */
export function managementHandler({ log, metrics }: Pick<Services, 'log' | 'metrics'>, readiness: Readiness): RequestListener {
  const routes = new Map<string, () => Promise<Answer>>([
    ['/livez', () => Promise.resolve(statusAnswer(200, 'ok'))],
    ['/readyz', async () => ((await readiness.isReady()) ? statusAnswer(200, 'ok') : statusAnswer(503, 'unavailable'))],
    [
      '/metrics',
      async () => {
        const metricsText = await metrics.expose();
        return metricsText ? [200, metricsText.body, metricsText.contentType] : NOT_FOUND;
      },
    ],
  ]);

  async function answer({ method, url = '', headers, httpVersion }: IncomingMessage): Promise<Answer> {
    // HTTP/1.0 probes send no Host; browsers always send one.
    if (!isPrivateName(headers.host ?? (httpVersion === '1.0' ? 'localhost' : ''))) return MISDIRECTED;
    const route = routes.get(url);
    if (route === undefined) return NOT_FOUND;
    return method === 'GET' || method === 'HEAD' ? route() : NOT_ALLOWED;
  }

  return (request, response) => {
    answer(request).then(
      (found) => {
        send(response, found);
      },
      (error: unknown) => {
        log.error('management_error', { error });
        send(response, statusAnswer(500, 'error'));
      },
    );
  };
}

const statusAnswer = (code: number, status: string): Answer => [code, JSON.stringify({ status })];
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5}|)$/i;

/**
 * An IP address or a single-label name. A web page can make its own domain point to this machine; a browser that runs
 * here would then let the page read the responses (DNS rebinding).
 */
function isPrivateName(host: string): boolean {
  const name = HOST.exec(host)?.[1] ?? '';
  return name.startsWith('[') || isIPv4(name) || isPrivateHost(name);
}

const MISDIRECTED = statusAnswer(421, 'misdirected');
const NOT_FOUND = statusAnswer(404, 'not found');
const NOT_ALLOWED = statusAnswer(405, 'method not allowed');

function send(response: ServerResponse, [status, body, contentType = 'application/json; charset=utf-8']: Answer): void {
  setSecurityHeaders(response);
  response.setHeader('Content-Type', contentType);
  if (status === 405) response.setHeader('Allow', 'GET, HEAD');
  response.statusCode = status;
  response.end(body);
}
