import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exampleSettings } from './support/program.ts';
import { parseAnswer } from './support/raw-http.ts';
import { startServer, type TestServer } from './support/server.ts';

const HEALTHCHECK = new URL('../src/commands/healthcheck.ts', import.meta.url);

const managed = async (server: TestServer, path: string, init: RequestInit = {}) => {
  const answer = await fetch(server.managementUrl + path, init);
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

describe('health and management', () => {
  it('without the database /readyz gets 503, /healthz and /livez get 200, and no response says why', async (t) => {
    const server = await startServer(t);
    const ready = await managed(server, '/readyz');
    assert.equal(ready.status, 200);
    await server.services.database.destroy();
    server.clock.advance(60_000);
    const [public_, alive, notReady] = [
      await server.request('GET', '/healthz'),
      await managed(server, '/livez'),
      await managed(server, '/readyz'),
    ];
    assert.deepEqual([public_.status, alive.status, notReady.status], [200, 200, 503]);
    for (const { text } of [public_, alive, ready, notReady]) {
      assert.deepEqual(Object.keys(JSON.parse(text) as object), ['status']);
      assert.match(text, /^\{"status":"[a-z-]+"\}$/);
    }
  });

  it('250 readiness probes cause fewer than 25 database queries', async (t) => {
    const server = await startServer(t);
    let pings = 0;
    const executor = server.services.database.getExecutor();
    const execute = executor.executeQuery.bind(executor);
    t.mock.method(executor, 'executeQuery', (...parameters: Parameters<typeof execute>) => {
      pings += 1;
      return execute(...parameters);
    });
    for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 50 }, () => managed(server, '/readyz')));
    assert.ok(pings < 25, `${pings} queries for 250 probes`);
  });

  it('the management port listens on loopback, and its paths get 404 on the public port', async (t) => {
    const server = await startServer(t);
    assert.match(server.managementUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
    for (const path of ['/livez', '/readyz', '/metrics', '/METRICS', '/metrics/', '//metrics', '/livez/', '/%6detrics']) {
      assert.equal((await server.request('GET', path)).status, 404, path);
    }
  });

  it('on the management port paths of the API get 404, and POST, PUT, PATCH and DELETE get 405', async (t) => {
    const server = await startServer(t);
    for (const path of ['/', '/api/v1/me', '/api/v1/notes', '/healthz', '/openapi.json', '/livez/', '/LIVEZ']) {
      assert.equal((await managed(server, path)).status, 404, path);
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      assert.equal((await managed(server, '/livez', { method })).status, 405, method);
    }
  });

  it('responses of the management port have the security headers too', async (t) => {
    const server = await startServer(t);
    for (const path of ['/livez', '/readyz', '/nope']) {
      const { headers } = await managed(server, path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
      assert.equal(headers.get('x-powered-by'), null);
    }
  });

  it('a request to the management port with a foreign Host gets 421 (DNS rebinding)', async (t) => {
    const server = await startServer(t);
    const { port } = new URL(server.managementUrl);
    const ask = async (path: string, version: string, ...headers: string[]) => {
      const socket = net.connect(Number(port), '127.0.0.1').setEncoding('utf8');
      socket.end([`GET ${path} HTTP/${version}`, ...headers, 'Connection: close', '', ''].join('\r\n'));
      let received = '';
      for await (const chunk of socket) received += String(chunk);
      return parseAnswer(received);
    };
    for (const path of ['/metrics', '/livez', '/readyz', '/nope']) {
      for (const host of [
        'attacker.example',
        `attacker.example:${port}`,
        'localhost.attacker.example',
        '127.0.0.1.attacker.example',
        '127.0.0.1@attacker.example',
        'localhost.',
        '',
        'a b',
      ]) {
        const answer = await ask(path, '1.1', `Host: ${host}`);
        assert.equal(answer.status, 421, `${host} ${path}`);
        assert.equal(answer.text, '{"status":"misdirected"}');
      }
      assert.equal((await ask(path, '1.1')).status, 421);
    }
    for (const host of [
      '127.0.0.1',
      `127.0.0.1:${port}`,
      '[::1]:9464',
      '10.0.0.7:9464',
      'localhost',
      'LOCALHOST:9464',
      'app:9464',
      'my_app-1:9464',
    ]) {
      assert.equal((await ask('/livez', '1.1', `Host: ${host}`)).status, 200, host);
    }
    assert.equal((await ask('/livez', '1.0')).status, 200);
  });

  it('the health check of a container exits with 0 only while the server is ready', async (t) => {
    const server = await startServer(t);
    const { port } = new URL(server.managementUrl);
    const settings = { ...(await exampleSettings(t)), MANAGEMENT_HOST: '127.0.0.1', MANAGEMENT_PORT: port };
    const check = async () => {
      const child = spawn(process.execPath, [fileURLToPath(HEALTHCHECK)], { cwd: tmpdir(), env: settings, stdio: 'ignore' });
      const [code] = (await once(child, 'close')) as [number | null];
      return code;
    };
    assert.equal(await check(), 0, 'ready');
    await server.services.database.destroy();
    server.clock.advance(60_000);
    assert.equal(await check(), 1, 'without its database');
  });

  it('/healthz returns a status and no version, host name or uptime', async (t) => {
    const server = await startServer(t);
    const answer = await server.request('GET', '/healthz');
    assert.equal(answer.text, '{"status":"ok"}');
    assert.doesNotMatch((await server.request('GET', '/')).text, /\d+\.\d+/);
  });
});
