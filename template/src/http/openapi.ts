import { z } from 'zod';
import type { Access } from '../access/rules.ts';
import type { Authenticator } from './authenticator.ts';
import { PROJECT_DESCRIPTION, PROJECT_NAME } from '../project.ts';
import { DOCUMENTED } from './documented.ts';
import { MAX_ERRORS } from './problem.ts';
import type { AnyRoute } from './route.ts';

type Json = Record<string, unknown>;
type Schemes = Pick<Authenticator, 'alternatives' | 'scheme'>;

/** The OpenAPI 3.1 document, made from the schemas that validate requests, so that it cannot differ from them. */
export function openApi(publicUrl: string, routes: readonly AnyRoute[], schemes: Schemes): Json {
  const byPath = Map.groupBy(routes, ({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'));
  const paths = [...byPath].map(([path, declared]) => [
    path,
    Object.fromEntries(declared.map((route) => [route.method, operation(route, schemes)])),
  ]);
  return {
    openapi: '3.1.1',
    info: { title: PROJECT_NAME, description: PROJECT_DESCRIPTION, version: '1' },
    servers: [{ url: publicUrl, 'x-internal': false }],
    paths: Object.fromEntries(paths) as Json,
    components: {
      securitySchemes: Object.fromEntries([schemes.scheme, ...schemes.alternatives].map(({ name, definition }) => [name, definition])),
      schemas: { Problem: PROBLEM },
      headers: HEADERS,
      responses: {
        Problem: problemWith({}),
        Unauthenticated: problemWith({ 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } }),
        RetryLater: problemWith({ 'Retry-After': { $ref: '#/components/headers/Retry-After' } }),
      },
    },
  };
}

function operation(route: AnyRoute, schemes: Schemes): Json {
  const { method, path, summary, access, params, query, body, response, status } = route;
  const success = {
    description: summary,
    headers: { ...LIMIT_HEADERS, ...(status === 201 && { Location: { $ref: '#/components/headers/Location' } }) },
    ...(response && { content: content('application/json', jsonSchema(response, 'output')) }),
  };
  return {
    operationId: `${method}${path.replaceAll(/[^a-z\d]+(.)/gi, (_, next: string) => next.toUpperCase())}`,
    summary,
    ...describeAccess(access, schemes),
    parameters: [...parameters('path', params), ...parameters('query', query)],
    ...(body && { requestBody: { required: true, content: content('application/json', jsonSchema(body, 'input')) } }),
    responses: {
      [status]: success,
      ...Object.fromEntries([...errorStatuses(route), 'default' as const].map((code) => [code, problemResponse(code)])),
      ...(route.conflicts && { 409: conflict(route.conflicts) }),
    },
  };
}

function describeAccess(access: Access, { scheme, alternatives }: Schemes): Json {
  if (access.kind === 'public') return { security: [], description: `Public: ${access.reason}.` };
  const accepted = [scheme, ...alternatives.filter((alternative) => alternative.opens(access))];
  const description = access.kind === 'permission' ? `Needs the permission ${access.permission}.` : 'Any signed-in caller.';
  return { security: accepted.map(({ name }) => ({ [name]: [] })), description };
}

/** Every error status of the route, sorted. */
function errorStatuses({ access, body, params, problems = [] }: AnyRoute): number[] {
  const found = [
    ...[400, 406, 421, 429, 500, 503],
    ...(access.kind === 'public' ? [] : [401]),
    ...(access.kind === 'permission' ? [403] : []),
    ...(params ? [404] : []),
    ...(body ? [408, 413, 415] : []),
    ...problems,
  ];
  return [...new Set(found)].toSorted((a, b) => a - b);
}

const RETRY_LATER: readonly unknown[] = [429, 503];

function problemResponse(status: number | 'default'): Json {
  if (status === 401) return { $ref: '#/components/responses/Unauthenticated' };
  return { $ref: `#/components/responses/${RETRY_LATER.includes(status) ? 'RetryLater' : 'Problem'}` };
}

const conflict = (codes: readonly string[]): Json => ({ ...problemWith({}), description: `Conflict: ${codes.join(', ')}` });

function parameters(place: 'path' | 'query', schema: z.ZodType | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: describe });
  return rest;
}

/** Replaces the schema that zod derived by the one in `DOCUMENTED`. */
function describe({ zodSchema, jsonSchema: derived }: { readonly zodSchema: z.core.$ZodTypes; readonly jsonSchema: Json }): void {
  const documented = DOCUMENTED.get(zodSchema);
  if (derived['type'] === 'integer') Object.assign(derived, { format: 'int64' });
  if (documented === undefined) return;
  for (const name of Object.keys(derived)) Reflect.deleteProperty(derived, name);
  Object.assign(derived, documented);
}

const content = (type: string, schema: Json): Json => ({ [type]: { schema } });

const PROBLEM_REF = { $ref: '#/components/schemas/Problem' };

const header = (description: string, schema: Json): Json => ({ description, schema });

const HEADERS = {
  Location: header('Path of the created resource.', { type: 'string' }),
  RateLimit: header('Requests left, seconds until the reset (draft-ietf-httpapi-ratelimit-headers-07).', { type: 'string' }),
  'RateLimit-Policy': header('Requests in a window of seconds, for example `300;w=60`.', { type: 'string' }),
  'Retry-After': header('Seconds to wait.', { type: 'integer', format: 'int32', minimum: 1, maximum: 2_592_000 }),
  'WWW-Authenticate': header('How to authenticate (RFC 9110, section 11.6.1).', { type: 'string' }),
};

const LIMIT_HEADERS = {
  RateLimit: { $ref: '#/components/headers/RateLimit' },
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimit-Policy' },
};

const problemWith = (headers: Json): Json => ({
  description: 'Problem details (RFC 9457)',
  headers: { ...LIMIT_HEADERS, ...headers },
  content: content('application/problem+json', PROBLEM_REF),
});

const PROBLEM = jsonSchema(
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    instance: z.string(),
    errors: z.optional(z.array(z.strictObject({ path: z.string(), rule: z.string() })).max(3 * MAX_ERRORS)),
  }),
  'output',
);
