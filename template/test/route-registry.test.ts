import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFeatures } from '../src/routes.ts';
import { startServer } from './support/server.ts';

const ID = '00000000-0000-4000-8000-000000000000';

describe('route registry', () => {
  it('every public route declares a reason', async (t) => {
    const { routes } = createFeatures((await startServer(t)).services);
    for (const { access, method, path } of routes) {
      if (access.kind === 'public') assert.ok(access.reason.length > 5, `${method} ${path}`);
    }
  });

  it('every other route gets 401 without a token, before its input is checked', async (t) => {
    const server = await startServer(t);
    const { routes } = createFeatures(server.services);
    for (const { access, method, path } of routes) {
      if (access.kind === 'public') continue;
      const answer = await server.request(method.toUpperCase(), path.replaceAll(/:\w+/g, ID));
      assert.equal(answer.status, 401, `${method} ${path}`);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
  });
});
