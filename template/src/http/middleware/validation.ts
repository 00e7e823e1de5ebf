import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { MAX_ERRORS, Problem } from '../problem.ts';
import type { FieldError } from '../problem.ts';
import { contextOf } from '../request-context.ts';
import type { AnyRoute } from '../route.ts';

const NOTHING = z.strictObject({});
const UNKNOWN = 'unknown-field';

/** Parses every part of the request with the schemas of the route. The handler gets only the results. */
export function validate(route: AnyRoute): RequestHandler {
  return (request, _response, next) => {
    const errors: FieldError[] = [];
    const context = contextOf(request);
    context.input = {
      params: parsePart('params', route.params, request.params, errors),
      query: parsePart('query', route.query ?? NOTHING, queryOf(request), errors),
      body: parsePart('body', route.body, request.body, errors),
    };
    if (errors.some(({ rule }) => rule === UNKNOWN)) context.audit('malicious_extraneous');
    if (errors.length > 0) throw invalid(errors);
    next();
  };
}

// A repeated parameter arrives as an array, so a schema that expects one value refuses it.
const queryOf = (request: Request): unknown => (request.url.includes('?') ? { ...request.query } : {});

function parsePart(part: string, schema: z.ZodType | undefined, value: unknown, errors: FieldError[]): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (!result.success) errors.push(...result.error.issues.slice(0, MAX_ERRORS).map((issue) => fieldError(part, issue)));
  return result.data;
}

function fieldError(part: string, issue: z.core.$ZodIssue): FieldError {
  return { path: [part, ...issue.path].join('.'), rule: ruleOf(issue) };
}

/** The broken rule, in words of the schema. An unknown key or an invalid value is never repeated. */
function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected;
    case 'too_small':
      return `at-least-${issue.minimum}`;
    case 'too_big':
      return `at-most-${issue.maximum}`;
    case 'invalid_format':
      return issue.format;
    case 'unrecognized_keys':
      return UNKNOWN;
    case 'custom':
      return issue.message;
    case 'invalid_element':
    case 'invalid_key':
    case 'invalid_union':
    case 'invalid_value':
    case 'not_multiple_of':
      return issue.code.replaceAll('_', '-');
  }
}

const invalid = (errors: readonly FieldError[]) =>
  new Problem({ status: 400, code: 'invalid-request', title: 'Some fields are invalid.', errors });
