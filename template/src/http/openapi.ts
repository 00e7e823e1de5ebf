import { z } from 'zod';
import type { Authenticator } from '../auth/authenticator.ts';
import { PROJECT_DESCRIPTION, PROJECT_NAME } from '../project.ts';
import type { Access, AnyRoute } from './route.ts';

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document of the routes: made from what validates, so it cannot say anything else. */
export function openApi(publicUrl: string, routes: readonly AnyRoute[], { scheme }: Pick<Authenticator, 'scheme'>): Json {
  const byPath = Map.groupBy(routes, ({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'));
  const paths = [...byPath].map(([path, declared]) => [
    path,
    Object.fromEntries(declared.map((route) => [route.method, operation(route, scheme.name)])),
  ]);
  return {
    openapi: '3.1.1',
    info: { title: PROJECT_NAME, description: PROJECT_DESCRIPTION, version: '1' },
    servers: [{ url: publicUrl }],
    paths: Object.fromEntries(paths) as Json,
    components: {
      securitySchemes: { [scheme.name]: scheme.definition },
      schemas: { Problem: PROBLEM },
      responses: { Problem: { description: 'Problem details (RFC 9457)', content: content('application/problem+json', PROBLEM_REF) } },
    },
  };
}

function operation(route: AnyRoute, scheme: string): Json {
  const { method, path, summary, access, params, query, body, response, status } = route;
  const success = { description: summary, ...(response && { content: content('application/json', jsonSchema(response, 'output')) }) };
  return {
    operationId: `${method}${path.replaceAll(/[^a-z\d]+(.)/gi, (_, next: string) => next.toUpperCase())}`,
    summary,
    ...describeAccess(access, scheme),
    parameters: [...parameters('path', params), ...parameters('query', query)],
    ...(body && { requestBody: { required: true, content: content('application/json', jsonSchema(body, 'input')) } }),
    responses: {
      [status]: success,
      ...Object.fromEntries([...errorStatuses(route), 'default'].map((code) => [code, PROBLEM_RESPONSE])),
      ...(route.conflicts && { 409: conflict(route.conflicts) }),
    },
  };
}

function describeAccess(access: Access, scheme: string): Json {
  switch (access.kind) {
    case 'public':
      return { security: [], description: `Public: ${access.reason}.` };
    case 'authenticated':
      return { security: [{ [scheme]: [] }], description: 'Any signed-in caller.' };
    case 'permission':
      return { security: [{ [scheme]: [] }], description: `Needs the permission ${access.permission}.` };
  }
}

function errorStatuses({ access, body, params }: AnyRoute): number[] {
  return [
    400,
    ...(access.kind === 'public' ? [] : [401]),
    ...(access.kind === 'permission' ? [403] : []),
    ...(params ? [404] : []),
    406,
    ...(body ? [413, 415] : []),
    429,
    500,
    503,
  ];
}

const conflict = (codes: readonly string[]): Json => ({
  description: `Conflict: ${codes.join(', ')}`,
  content: content('application/problem+json', PROBLEM_REF),
});

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
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

const content = (type: string, schema: Json): Json => ({ [type]: { schema } });

const PROBLEM_RESPONSE = { $ref: '#/components/responses/Problem' };

const PROBLEM_REF = { $ref: '#/components/schemas/Problem' };

const PROBLEM = jsonSchema(
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    instance: z.string(),
    errors: z.array(z.strictObject({ path: z.string(), rule: z.string() })).optional(),
  }),
  'output',
);
