import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { dangerouslyPublic } from '../src/access/rules.ts';
import { route } from '../src/http/route.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';

const CANARY = 'CANARY-4f1c';
const access = dangerouslyPublic('leaks on purpose');

/** A handler that returns a whole row although its schema declares only a name. */
const leaking = route({
  method: 'get',
  path: '/leak',
  summary: 'leak',
  access,
  status: 200,
  response: z.strictObject({ name: z.string() }),
  handle: () => Promise.resolve(Object.assign({ name: 'a' }, { password_hash: CANARY })),
});

const nested = route({
  method: 'get',
  path: '/leak-in-a-list',
  summary: 'leak in a list',
  access,
  status: 200,
  response: z.strictObject({ items: z.array(z.strictObject({ name: z.string() })) }),
  handle: () => Promise.resolve({ items: [Object.assign({ name: 'a' }, { password_hash: CANARY })] }),
});

const silent = route({ method: 'get', path: '/silent', summary: 'nothing', access, status: 204, handle: () => Promise.resolve(undefined) });

const talkative = { ...silent, path: '/talkative', handle: () => Promise.resolve({ secret: CANARY }) };

describe('responses', () => {
  it('an undeclared field in a response gets 500 and is neither sent nor logged', async (t) => {
    const server = await startServer(t);
    const request = await startWithRoutes(t, server, [leaking, nested]);
    for (const path of ['/leak', '/leak-in-a-list']) assertProblem(await request(path), 500, 'internal-error', [CANARY]);
    assert.doesNotMatch(JSON.stringify(server.logs), new RegExp(CANARY));
  });

  it('in production an undeclared field is removed, and an error without its value is logged', async (t) => {
    const server = await startServer(t);
    const config = { ...server.services.config, environment: 'production' as const };
    const request = await startWithRoutes(t, { services: { ...server.services, config } }, [leaking, nested]);
    assert.equal((await request('/leak')).text, '{"name":"a"}');
    assert.equal((await request('/leak-in-a-list')).text, '{"items":[{"name":"a"}]}');
    assert.ok(server.logs.some((line) => line.level === 'error'));
    assert.doesNotMatch(JSON.stringify(server.logs), new RegExp(CANARY));
  });

  it('a route without a response schema sends 204 without a body', async (t) => {
    const request = await startWithRoutes(t, await startServer(t), [silent, talkative]);
    for (const path of ['/silent', '/talkative']) {
      const answer = await request(path);
      assert.equal(answer.status, 204);
      assert.equal(answer.text, '');
      assert.equal(answer.headers.get('content-type'), null);
    }
  });
});
