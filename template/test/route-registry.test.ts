import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFeatures } from '../src/routes.ts';
import { startServer } from './support/server.ts';

const ID = '00000000-0000-4000-8000-000000000000';

/** Whoever opens another route must write it down here too. */
const OPEN_TO_EVERYBODY = [
  'POST /api/v1/auth/login',
  'POST /api/v1/auth/password/forgot',
  'POST /api/v1/auth/password/reset',
  'POST /api/v1/auth/refresh',
  'POST /api/v1/auth/register',
  'POST /api/v1/auth/verify-email',
];

describe('route registry', () => {
  it('a route opened by mistake does not stay unnoticed', async (t) => {
    const { routes } = createFeatures((await startServer(t)).services);
    const open = routes.filter(({ access }) => access.kind === 'public');
    assert.deepEqual(open.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort(), OPEN_TO_EVERYBODY);
    for (const { access } of open) assert.ok(access.kind === 'public' && access.reason.length > 5);
  });

  it('a stranger is stopped at every other route, before its input is looked at', async (t) => {
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
