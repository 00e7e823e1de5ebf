import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dangerouslyPublic } from '../src/access/rules.ts';
import { route } from '../src/http/route.ts';
import { createFeatures } from '../src/routes.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { ALTERNATIVES } from './support/parts.ts';
import { startServer, type TestServer } from './support/server.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly maxLength?: number;
}

interface Operation {
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

interface Document {
  readonly openapi: string;
  readonly info: Readonly<Record<string, string>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, unknown>> };
}

async function read(server: TestServer): Promise<Document> {
  const answer = await server.request('GET', '/openapi.json');
  assert.equal(answer.status, 200);
  return answer.body as Document;
}

const operations = (document: Document) =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );

/** The texts in a schema, with their paths. */
const texts = (schema: Schema, path: string): [string, Schema][] => [
  ...(schema.type === 'string' && !schema.enum && schema.format !== 'uuid' ? [[path, schema] satisfies [string, Schema]] : []),
  ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => texts(property, `${path}.${name}`)),
  ...(schema.items ? texts(schema.items, `${path}[]`) : []),
];

describe('openapi', () => {
  it('the API document lists exactly the registered routes', async (t) => {
    const server = await startServer(t);
    const { routes } = createFeatures(server.services);
    const registered = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const documented = operations(await read(server))
      .map(({ name }) => name)
      .filter((name) => name.includes('/api/'));
    assert.deepEqual(documented.sort(), registered.sort());
  });

  it('the API document says for every operation whether it needs a token, as its route does', async (t) => {
    const server = await startServer(t);
    const { authenticator, routes } = createFeatures(server.services);
    const document = await read(server);
    assert.ok(document.components.securitySchemes[authenticator.scheme.name]);
    for (const { access, method, path } of routes) {
      const operation = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method];
      assert.ok(operation, `${method} ${path}`);
      const more = access.kind === 'permission' ? ALTERNATIVES : [];
      const expected = access.kind === 'public' ? [] : [{ [authenticator.scheme.name]: [] }, ...more];
      assert.deepEqual(operation.security, expected, `${method} ${path}`);
      if (access.kind !== 'public') assert.ok(operation.responses['401']);
    }
  });

  it('every body in the API document forbids additional properties', async (t) => {
    const document = await read(await startServer(t));
    assert.match(document.openapi, /^3\.1\./);
    for (const { name, operation } of operations(document)) {
      const schema = operation.requestBody?.content['application/json']?.schema;
      if (schema) assert.equal(schema.additionalProperties, false, name);
    }
  });

  it('the API document names the errors of a body where an operation has one, and nowhere else', async (t) => {
    const found = operations(await read(await startServer(t))).filter(({ name }) => name.includes('/api/'));
    for (const { name, operation } of found) {
      const documented = ['408', '413', '415'].map((status) => status in operation.responses);
      assert.deepEqual(new Set(documented), new Set([operation.requestBody !== undefined]), name);
    }
  });

  it('every text in a body of the API document has a greatest length', async (t) => {
    const document = await read(await startServer(t));
    const found = operations(document).flatMap(({ name, operation }) =>
      texts(operation.requestBody?.content['application/json']?.schema ?? {}, name),
    );
    assert.ok(found.length > 0);
    for (const [path, { maxLength }] of found) assert.ok(maxLength !== undefined && maxLength <= 20_000, path);
  });

  it('/docs has a Content-Security-Policy with a nonce that is new in every response', async (t) => {
    const server = await startServer(t);
    const first = await server.request('GET', '/docs');
    assert.equal(first.headers.get('content-type'), 'text/html; charset=utf-8');
    const policy = first.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\*|https?:/);
    const nonce = /'nonce-([A-Za-z0-9+/=_-]{22,})'/.exec(policy)?.[1];
    assert.ok(nonce, policy);
    for (const [, attributes = ''] of first.text.matchAll(/<(?:script|style)\b([^>]*)>/g)) assert.ok(attributes.includes(nonce));
    const second = await server.request('GET', '/docs');
    assert.notEqual(second.headers.get('content-security-policy'), policy);
  });

  it('markup in the summary of a route is text on /docs', async (t) => {
    const summary = `<img src="x" onerror='alert(1)'>`;
    const handle = () => Promise.resolve(undefined);
    const marked = route({ method: 'get', path: '/marked', summary, access: dangerouslyPublic('a test'), status: 204, handle });
    const { text } = await (await startWithRoutes(t, await startServer(t), [marked]))('/docs');
    assert.match(text, /onerror/);
    assert.doesNotMatch(text, /<img/);
  });
});
