import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog } from '../src/observability/log.ts';
import { createUser } from './support/accounts.ts';
import { startServer } from './support/server.ts';
import { secretsOf, useTokens } from './support/strategy.ts';

/** The lines that a log writes during `act`. */
function written(act: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  act(
    createLog({
      level: 'debug',
      write: (line: string) => {
        lines.push(line);
      },
    }),
  );
  return lines;
}

const CANARY = 'CANARY-4f1c';

describe('logs', () => {
  it('a secret is redacted in a field, a nested field, an error and a URL', () => {
    const secrets = Object.fromEntries(
      [
        'password',
        'newPassword',
        'token',
        'accessToken',
        'refreshToken',
        'refresh_token',
        'secret',
        'jwtSecret',
        'authorization',
        'Authorization',
        'cookie',
        'set-cookie',
        'email',
        'apiKey',
        'client_secret',
      ].map((key) => [key, CANARY]),
    );
    const lines = written((log) => {
      log.info('shallow', secrets);
      log.info('deep', { a: { b: [{ c: { d: secrets } }] } });
      log.info('address', {
        databaseUrl: `postgres://app:${CANARY}@db:5432/app`,
        said: `no route to smtp://app:${CANARY}${'a'.repeat(300)}@mail`,
      });
      log.error('error', {
        error: Object.assign(new Error('boom', { cause: Object.assign(new Error('inner'), secrets) }), secrets, {
          body: CANARY,
          parameters: [CANARY],
          config: { headers: CANARY },
        }),
      });
    });
    assert.equal(lines.length, 4);
    assert.doesNotMatch(lines.join(''), new RegExp(CANARY));
  });

  it('an error with a hundred causes is logged with the first six', () => {
    let error = new Error('the first cause');
    for (let causes = 0; causes < 100; causes += 1) error = new Error('boom', { cause: error });
    const [line = ''] = written((log) => {
      log.error('failed', { error });
    });
    assert.equal(line.match(/"cause":/g)?.length, 6);
    assert.match(line, /\[too deep\]/);
  });

  it('a token inside a longer text is redacted', () => {
    const token = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${CANARY}`;
    for (const before of ['', ' ', '"', 'token=', 'Bearer ', 'session_', 'a.b-', 'eyJ ', 'eyJ.', 'eyJeyJ']) {
      const [line = ''] = written((log) => {
        log.error('failed', { said: `${before}${token}`, error: new Error(before + token) });
      });
      assert.doesNotMatch(line, new RegExp(`${CANARY}|eyJzdWIi|eyJhbGci`), before);
      assert.match(line, /\[redacted\]/);
    }
  });

  it('line breaks, escape sequences and line separators in a value are escaped', () => {
    const hostile = 'a\r\n{"level":"fatal"}\u001b[2J\u2028\u2029\u0085\u009b31m\u0000\u007f';
    const lines = written((log) => {
      log.warn('hostile', { value: hostile, [hostile]: 1 });
    });
    const text = lines.join('');
    // eslint-disable-next-line no-control-regex -- these are what must not reach a terminal
    assert.doesNotMatch(text.replace(/\n$/, ''), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    assert.equal((JSON.parse(text) as Record<string, unknown>)['value'], hostile);
  });

  it('a huge, deep, circular or throwing value becomes one short log line', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    let deep: unknown = 'bottom';
    for (let level = 0; level < 50_000; level += 1) deep = [deep];
    const hostile = {
      toJSON: () => {
        throw new Error('no');
      },
      get trap(): string {
        throw new Error('no');
      },
    };
    const lines = written((log) => {
      log.info('huge', { value: 'a'.repeat(1_000_000) });
      log.info('wide', { value: Array.from({ length: 100_000 }, (_, index) => index) });
      log.info('strange', { circular, deep, hostile, big: 1n, symbol: Symbol('x'), missing: undefined, call: () => 1 });
    });
    assert.equal(lines.length, 3);
    for (const line of lines) {
      assert.doesNotThrow(() => {
        JSON.parse(line);
      });
      assert.ok(line.length < 20_000, `${line.length} characters`);
    }
  });

  it('a field cannot overwrite time, level or event', () => {
    const [line = ''] = written((log) => {
      log.warn('real', { event: 'forged', level: 'debug', time: 'never' });
    });
    const parsed = JSON.parse(line) as Record<string, string>;
    assert.equal(parsed['event'], 'real');
    assert.equal(parsed['level'], 'warn');
    assert.match(parsed['time'] ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('no log line contains a password, token, cookie or e-mail address of a request, also when the database fails', async (t) => {
    const server = await startServer(t);
    const email = `${CANARY.toLowerCase()}@example.com`;
    const { password, tokens } = await createUser(server, { email, password: `${CANARY} umbrella lanterns` });
    for (let time = 0; time < 2; time += 1) await useTokens(server, tokens);
    const sent = { headers: { cookie: `sid=${CANARY}`, 'x-api-key': CANARY, 'user-agent': 'agent' } };
    await server.request('GET', `/api/v1/notes?token=${CANARY}`, { token: CANARY, ...sent });
    await server.request('GET', `/nope/${CANARY}?password=${CANARY}`, { token: tokens.accessToken, ...sent });
    await server.request('POST', '/api/v1/auth/login', { body: { email, password: CANARY } });
    await server.request('POST', '/api/v1/auth/password/reset', { body: { token: CANARY, password: CANARY } });
    await server.request('POST', '/api/v1/auth/login', {
      rawBody: `{"password":"${CANARY}`,
      headers: { 'content-type': 'application/json' },
    });
    await server.services.database.destroy();
    await server.request('POST', '/api/v1/auth/login', { body: { email, password } });
    const text = JSON.stringify(server.logs);
    for (const secret of [CANARY, email, password, ...secretsOf(tokens)]) {
      assert.ok(!text.toLowerCase().includes(secret.toLowerCase()), `logged: ${secret}`);
    }
  });

  it('response, problem and log line have the same request id, and the client cannot choose it', async (t) => {
    const server = await startServer(t);
    for (const chosen of ['11111111-1111-4111-8111-111111111111', 'a'.repeat(5000), `x${CANARY}`]) {
      const answer = await server.request('GET', '/nope', { headers: { 'x-request-id': chosen } });
      const id = answer.headers.get('x-request-id') ?? '';
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.notEqual(id, chosen);
      assert.equal((answer.body as { instance: string }).instance, `urn:request:${id}`);
      assert.ok(server.logs.some((line) => line['requestId'] === id));
    }
  });

  it('the log line of a request has user, status, duration and the route pattern instead of the path', async (t) => {
    const server = await startServer(t);
    const { id, tokens } = await createUser(server);
    const answer = await server.request('GET', '/api/v1/notes/00000000-0000-4000-8000-000000000000', { token: tokens.accessToken });
    const line = server.logs.find((entry) => entry.event === 'http_request' && entry['requestId'] === answer.headers.get('x-request-id'));
    assert.ok(line, 'no access line');
    const { method, route, status, durationMs, userId, ip } = line;
    assert.deepEqual(
      { method, route, status, userId, ip },
      { method: 'GET', route: '/api/v1/notes/:id', status: 404, userId: id, ip: '127.0.0.1' },
    );
    assert.equal(typeof durationMs, 'number');
  });
});
