import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUser } from './support/accounts.ts';
import { startServer, type TestServer } from './support/server.ts';

const scrape = async (server: TestServer): Promise<string> => (await fetch(`${server.managementUrl}/metrics`)).text();
/** Names and labels of the metrics of this project, without those of the runtime. */
const series = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => /^(?:http|security)_/.test(line))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));

/** The value of the first series whose name and labels match. */
function value(text: string, pattern: RegExp): number {
  const line = text.split('\n').find((candidate) => !candidate.startsWith('#') && pattern.test(candidate));
  return Number(line?.slice(line.lastIndexOf(' ')) ?? 0);
}

const METHODS = ['GET', 'PATCH', 'LOCK', 'PROPFIND', 'PURGE', 'SEARCH'];

describe('metrics', () => {
  it('requests with random paths and methods add no metric series', async (t) => {
    const server = await startServer(t);
    for (const method of ['GET', 'PATCH', 'MKCOL']) await server.request(method, '/nope');
    const before = series(await scrape(server));
    for (let round = 0; round < 6; round += 1) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          server.request(METHODS[index % METHODS.length] ?? '', `/nope/${round}/${index}?q=${index}`),
        ),
      );
    }
    const added = new Set(series(await scrape(server))).difference(new Set(before));
    assert.deepEqual([...added], []);
  });

  it('metrics contain no personal data, tokens or ids', async (t) => {
    const server = await startServer(t);
    const { email, id, tokens } = await createUser(server);
    const created = await server.request('POST', '/api/v1/notes', { token: tokens.accessToken, body: { title: 'CANARY', body: '' } });
    await server.request('GET', `${created.headers.get('location') ?? ''}?CANARY=1`, { token: tokens.accessToken });
    const text = await scrape(server);
    for (const secret of [email, id, tokens.accessToken, 'CANARY', '127.0.0.1']) assert.ok(!text.includes(secret), secret);
    assert.match(text, /route="\/api\/v1\/notes\/:id"/);
  });

  it('refused sign-ins and malformed requests are counted', async (t) => {
    const server = await startServer(t);
    const failures = /event="authn_login_fail"/;
    const parser = /^http_parser_errors_total/;
    const before = await scrape(server);
    await server.request('POST', '/api/v1/auth/login', { body: { email: 'a@example.com', password: 'wrong password here' } });
    await server.sendBytes('GET / HTTP/1.1\r\nBad Header: 1\r\n\r\n');
    const after = await scrape(server);
    assert.equal(value(after, failures), value(before, failures) + 1);
    assert.equal(value(after, parser), value(before, parser) + 1);
  });

  it('two servers in one process have separate metrics', async (t) => {
    const [first, second] = [await startServer(t), await startServer(t)];
    await first.request('GET', '/nope');
    assert.doesNotMatch(await scrape(second), /status="4xx"/);
    assert.match(await scrape(first), /status="4xx"/);
  });
});
