import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { createBatches } from '../src/rate-limit/batches.ts';
import { start } from '../src/server.ts';
import { createUser } from './support/accounts.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { connectAsOwner } from './support/owner.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';

describe('rate limits in the database', () => {
  it('two processes share one limit', async (t) => {
    const first = await startServer(t, { RATE_LIMIT_MAX: '2' });
    const second = await start({ ...first.services.config, port: 0, managementPort: 0 }, { log: first.services.log });
    t.after(() => second.stop());
    const ask = async (port: number) => (await fetch(`http://127.0.0.1:${port}/`)).status;
    assert.deepEqual([await ask(first.port), await ask(second.port), await ask(first.port), await ask(second.port)], [200, 200, 429, 429]);
  });

  it('of 30 parallel requests with a limit of ten, ten get 200', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '10' });
    const burst = await Promise.all(Array.from({ length: 30 }, () => server.request('GET', '/')));
    assert.equal(burst.filter(({ status }) => status === 200).length, 10);
  });

  it('without the table of counts a login gets 503', async (t) => {
    const server = await startServer(t);
    const { email, password } = await createUser(server);
    await connectAsOwner(t, server).schema.dropTable('rate_limits').execute();
    const login = await server.request('POST', '/api/v1/auth/login', { body: { email, password } });
    assertProblem(login, 503, 'overloaded');
    assert.ok(server.logs.some((line) => line.level === 'error'));
  });

  it('the table of counts contains neither IP addresses nor e-mail addresses', async (t) => {
    const server = await startServer(t);
    await server.request('POST', '/api/v1/auth/login', { body: { email: 'canary@example.com', password: 'CANARY-password-123' } });
    const rows = await server.services.database.selectFrom('rate_limits').selectAll().execute();
    assert.ok(rows.length > 0);
    assert.doesNotMatch(JSON.stringify(rows), /canary|127\.0\.0\.1/i);
  });

  it('without the table of counts an address still gets 429 at its limit, and one event is logged', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '3' });
    await connectAsOwner(t, server).schema.dropTable('rate_limits').execute();
    const seen = [];
    for (let index = 0; index < 10; index += 1) seen.push((await server.request('GET', '/')).status);
    assert.deepEqual(seen, [200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
    assert.equal(server.logs.filter(({ event }) => event === 'rate_limit_store_failed').length, 1);
  });

  it('when the table of counts is back, requests are counted in it again', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '100' });
    const { schema } = connectAsOwner(t, server);
    await schema.alterTable('rate_limits').renameTo('elsewhere').execute();
    for (let index = 0; index < 3; index += 1) assert.equal((await server.request('GET', '/')).status, 200);
    await schema.alterTable('elsewhere').renameTo('rate_limits').execute();
    server.clock.advance(5000);
    for (let index = 0; index < 3; index += 1) assert.equal((await server.request('GET', '/')).status, 200);
    const { hits } = await server.services.database.selectFrom('rate_limits').select('hits').executeTakeFirstOrThrow();
    assert.equal(hits, 3);
  });

  it('with a store that never answers, parallel requests are answered within seconds and limited', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '3' });
    const never = () => new Promise<never>(() => undefined);
    const counter = () => ({ increment: never, peek: never, reset: never });
    const ask = await startWithRoutes(t, { services: { ...server.services, counter } }, []);
    const answers = Promise.all(Array.from({ length: 10 }, () => ask('/')));
    const seen = await Promise.race([answers, delay(8000, [])]);
    assert.deepEqual(seen.map(({ status }) => status).toSorted(), [200, 200, 200, ...Array.from({ length: 7 }, () => 429)]);
  });

  it('the upkeep removes counts of ended windows only, and no window that begins at the same moment', async (t) => {
    const server = await startServer(t);
    const { database } = server.services;
    const ended = Array.from({ length: 600 }, (_, index) => ({ key: `ended-${index}`, hits: 1, resets_at: server.clock.now() }));
    await database.insertInto('rate_limits').values(ended).execute();
    await database
      .insertInto('rate_limits')
      .values({ key: 'running', hits: 7, resets_at: server.clock.now() + 60_000 })
      .execute();
    const executor = database.getExecutor();
    const execute = executor.executeQuery.bind(executor);
    t.mock.method(executor, 'executeQuery', async (...[query, ...rest]: Parameters<typeof execute>) => {
      const result = await execute(query, ...rest);
      const found = query.sql.startsWith('select "key" from "rate_limits"') && result.rows.length > 0;
      if (found)
        await execute(
          database
            .updateTable('rate_limits')
            .set({ resets_at: server.clock.now() + 60_000 })
            .where('key', '=', 'ended-0')
            .compile(),
          ...rest,
        );
      return result;
    });
    await server.upkeep();
    t.mock.restoreAll();
    const left = await database.selectFrom('rate_limits').select('key').orderBy('key').execute();
    assert.deepEqual(
      left.map(({ key }) => key),
      ['ended-0', 'running'],
    );
  });

  it('requests over the limit cause no database statement', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '5' });
    let statements = 0;
    const executor = server.services.database.getExecutor();
    const execute = executor.executeQuery.bind(executor);
    t.mock.method(executor, 'executeQuery', (...parameters: Parameters<typeof execute>) => {
      statements += 1;
      return execute(...parameters);
    });
    const answers = [];
    for (let index = 0; index < 60; index += 1) answers.push(await server.request('GET', '/'));
    assert.equal(answers.filter(({ status }) => status === 429).length, 55);
    assert.ok(statements <= 6, `${statements} statements for 60 requests`);
  });

  it('hits that arrive during a statement share the next one, and each gets its own count', async () => {
    const [sent, answers] = [[] as number[], [] as (() => void)[]];
    const add = createBatches((_key, hits = 1) => {
      sent.push(hits);
      const total = sent.reduce((sum, count) => sum + count);
      return new Promise((resolve) =>
        answers.push(() => {
          resolve({ hits: total, resetsAt: 0 });
        }),
      );
    });
    const first = add('flood');
    await nextTurn();
    const others = Array.from({ length: 9 }, () => add('flood'));
    const elsewhere = add('other');
    await nextTurn();
    assert.deepEqual(sent, [1, 1]);
    for (let round = 0; round < 5; round += 1) {
      for (const answer of answers.splice(0)) answer();
      await nextTurn();
    }
    assert.deepEqual(sent, [1, 1, 9]);
    const places = await Promise.all([first, ...others]);
    assert.deepEqual(
      places.map(({ hits }) => hits),
      [1, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    );
    assert.equal((await elsewhere).hits, 2);
  });

  it('a flood from one address gets 429 after exactly its limit, and other addresses are answered meanwhile', async (t) => {
    const [connections, each, limit] = [24, 93, 300];
    const server = await startServer(t, { RATE_LIMIT_MAX: String(limit), RATE_LIMIT_WINDOW_SECONDS: '600', TRUSTED_PROXIES: '127.0.0.1' });
    const from = (address: string) => `GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: ${address}\r\n\r\n`;
    const flood = Array.from({ length: connections }, async () => {
      let text = '';
      // The listener closes a connection with too many pipelined requests, so the attacker opens new ones.
      for (let sent = 0; sent < each; sent += 31)
        text += await server.sendBytes(
          from('203.0.113.9').repeat(30) + from('203.0.113.9').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
        );
      return text;
    });
    const others = [];
    const finished = Promise.all(flood).then((texts) => texts.join(''));
    const progress = { over: false };
    void finished.then(() => {
      progress.over = true;
    });
    for (let index = 1; !progress.over; index += 1) {
      others.push((await server.request('GET', '/api/v1/me', { headers: { 'x-forwarded-for': `198.51.100.${index % 250}` } })).status);
      await delay(20);
    }
    const statuses = (await finished).match(/(?<=HTTP\/1\.1 )\d{3}/g) ?? [];
    const count = (status: string) => statuses.filter((seen) => seen === status).length;
    assert.ok(statuses.length > connections * each * 0.9, `${statuses.length} answers`);
    assert.equal(count('401'), limit);
    assert.equal(count('429'), statuses.length - limit);
    assert.deepEqual([...new Set(others)], [401]);
    assert.ok(server.logs.length < 3 * limit + 5 * others.length, `${server.logs.length} lines`);
  });
});
