import type { RequestHandler } from 'express';
import type { z } from 'zod';
import type { Config } from '../../config/index.ts';
import type { Log } from '../../observability/log.ts';
import { contextOf } from '../request-context.ts';
import type { AnyRoute } from '../route.ts';

interface ResponseNeeds {
  readonly config: Pick<Config, 'environment'>;
  readonly log: Pick<Log, 'error'>;
}

/** Runs the handler and sends the fields that the response schema declares. */
export function respond(route: AnyRoute, services: ResponseNeeds): RequestHandler {
  return async (request, response) => {
    const context = contextOf(request);
    const { input, caller } = context;
    const result = await route.handle({ ...input, ...caller, context } as never);
    response.status(route.status);
    if (route.response === undefined) response.end();
    else response.json(filtered(route.response, result, route, services));
  };
}

/**
 * Only declared fields are sent (ASVS 5.0 15.3.1), so that a column added to a query does not become public by accident.
 * In production an undeclared field is removed and logged; elsewhere the request gets 500, so that a test finds it.
 */
function filtered(schema: z.ZodType, result: unknown, route: AnyRoute, services: ResponseNeeds): unknown {
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  const surplus = parsed.error.issues.filter((issue) => issue.code === 'unrecognized_keys');
  const { log, config } = services;
  log.error('response_schema_violated', { route: route.path, surplus: surplus.length, issues: parsed.error.issues.length });
  if (config.environment !== 'production' || surplus.length < parsed.error.issues.length) throw parsed.error;
  return schema.parse(without(surplus, result));
}

/** A copy of the result without the keys that the issues name. */
function without(issues: readonly z.core.$ZodIssueUnrecognizedKeys[], result: unknown): unknown {
  const copy: unknown = structuredClone(result);
  for (const { path, keys } of issues) {
    const owner = path.reduce<unknown>((value, key) => Reflect.get(value as object, key), copy);
    for (const key of keys) Reflect.deleteProperty(owner as object, key);
  }
  return copy;
}
