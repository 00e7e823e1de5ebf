import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFeatures } from '../src/routes.ts';
import { startServer } from './support/server.ts';

describe('route registry', () => {
  it('every public route declares a reason', async (t) => {
    const { routes } = createFeatures((await startServer(t)).services);
    for (const { access, method, path } of routes) {
      if (access.kind === 'public') assert.ok(access.reason.length > 5, `${method} ${path}`);
    }
  });

  it('every other route gets 401 without a token, before its input is checked', async (t) => {
    const server = await startServer(t);
    const { authenticator, routes } = createFeatures(server.services);
    for (const { access, method, path } of routes) {
      if (access.kind === 'public') continue;
      const body = method === 'get' ? {} : { body: { 'not a field': true } };
      const answer = await server.request(method.toUpperCase(), path.replaceAll(/:\w+/g, 'not-an-id'), body);
      assert.ok(!answer.text.includes('"rule"'), `${method} ${path} tells a stranger the rules of its input: ${answer.text}`);
      assert.equal(answer.status, 401, `${method} ${path}`);
      assert.equal(answer.headers.get('www-authenticate'), authenticator.scheme.challenge('unauthenticated'));
    }
  });
});
