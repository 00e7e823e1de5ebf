import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';
import { CORS_CREDENTIALS } from './support/strategy.ts';

const FOREIGN = [
  'https://attacker.example',
  'https://app.example.com.attacker.example',
  'https://attackerapp.example.com',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com/',
  'https://APP.example.com',
  'null',
];

const preflight = (origin: string, method = 'POST', headers = 'authorization,content-type') => ({
  headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
});

describe('cors', () => {
  it('without CORS_ORIGINS no response has an Access-Control-Allow-Origin header', async (t) => {
    const server = await startServer(t);
    for (const origin of FOREIGN) {
      const answer = await server.request('GET', '/', { headers: { origin } });
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
      const asked = await server.request('OPTIONS', '/api/v1/notes', preflight(origin));
      assert.equal(asked.headers.get('access-control-allow-origin'), null);
    }
  });

  it('an origin that only resembles a listed one gets no CORS header, and its preflight gets 403', async (t) => {
    const server = await startServer(t, { CORS_ORIGINS: 'https://app.example.com' });
    for (const origin of FOREIGN) {
      const answer = await server.request('GET', '/', { headers: { origin } });
      assert.equal(answer.headers.get('access-control-allow-origin'), null, origin);
      const asked = await server.request('OPTIONS', '/api/v1/notes', preflight(origin));
      assertProblem(asked, 403, 'origin-not-allowed', ['attacker']);
      assert.equal(asked.headers.get('access-control-allow-origin'), null, origin);
      for (const { headers } of [answer, asked]) assert.equal(headers.get('access-control-allow-credentials'), null, origin);
    }
    assert.ok(server.logs.some((line) => line.event === 'malicious_cors'));
  });

  it('a listed origin is returned exactly, never as a wildcard, and with credentials only if they are cookies', async (t) => {
    const server = await startServer(t, { CORS_ORIGINS: 'https://app.example.com,https://admin.example.com' });
    for (const origin of ['https://app.example.com', 'https://admin.example.com']) {
      const answer = await server.request('GET', '/', { headers: { origin } });
      assert.equal(answer.headers.get('access-control-allow-origin'), origin);
      assert.equal(answer.headers.get('access-control-allow-credentials'), CORS_CREDENTIALS);
      assert.match(answer.headers.get('vary') ?? '', /origin/i);
      const asked = await server.request('OPTIONS', '/api/v1/notes', preflight(origin));
      assert.equal(asked.status, 204);
      assert.equal(asked.headers.get('access-control-allow-origin'), origin);
      assert.equal(asked.headers.get('access-control-allow-credentials'), CORS_CREDENTIALS);
    }
  });

  it('a preflight for an unknown method and header lists only the allowed ones', async (t) => {
    const server = await startServer(t, { CORS_ORIGINS: 'https://app.example.com' });
    const asked = await server.request('OPTIONS', '/api/v1/notes', preflight('https://app.example.com', 'TRACE', 'x-role,x-user-id'));
    assert.doesNotMatch(asked.headers.get('access-control-allow-methods') ?? '', /TRACE|\*/);
    assert.doesNotMatch(asked.headers.get('access-control-allow-headers') ?? '', /x-role|x-user-id|\*/i);
  });

  it('a response without an Origin has Vary: Origin too, so that a cache does not mix origins', async (t) => {
    const server = await startServer(t, { CORS_ORIGINS: 'https://app.example.com' });
    const without = await server.request('GET', '/');
    assert.match(without.headers.get('vary') ?? '', /origin/i);
  });
});
