import type { RequestHandler } from 'express';
import type { Log } from '../../observability/log.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import { contextOf } from '../request-context.ts';

interface RequestLogNeeds {
  readonly log: Pick<Log, 'info'>;
  readonly metrics: Pick<Metrics, 'observeRequest'>;
}

/** Logs and measures each request when its response is sent or its client has disconnected. See `RequestState.logged`. */
export function requestLog({ log, metrics }: RequestLogNeeds): RequestHandler {
  return (request, response, next) => {
    const begun = performance.now();
    response.once('close', () => {
      const { id: requestId, ip, route, principal, logged } = contextOf(request);
      const milliseconds = performance.now() - begun;
      const { method } = request;
      metrics.observeRequest(method, route, response.statusCode, milliseconds / 1000);
      if (!logged) return;
      log.info('http_request', {
        requestId,
        ip,
        userId: principal?.userId,
        method,
        route,
        status: response.statusCode,
        durationMs: Math.round(milliseconds * 10) / 10,
        complete: response.writableFinished,
      });
    });
    next();
  };
}
