import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startServer, type TestServer } from './support/server.ts';

const PATH = '/.well-known/security.txt';
const DAY_MS = 86_400_000;

async function fields(server: TestServer): Promise<Map<string, string[]>> {
  const answer = await server.request('GET', PATH);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  const found = new Map<string, string[]>();
  for (const line of answer.text.split(/\r?\n/).filter((text) => text !== '' && !text.startsWith('#'))) {
    const [, name, value] = /^([A-Za-z-]+): (\S.*)$/.exec(line) ?? [];
    assert.ok(name !== undefined && value !== undefined, `not a field: ${line}`);
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  return found;
}

describe('security.txt', () => {
  it('Expires in security.txt is in the future, however long the server runs', async (t) => {
    const server = await startServer(t);
    for (const days of [0, 179, 200, 365]) {
      server.clock.advance(days * DAY_MS);
      const expires = (await fields(server)).get('Expires') ?? [];
      assert.equal(expires.length, 1);
      const left = Date.parse(expires[0] ?? '') - server.clock.now();
      assert.ok(left > 30 * DAY_MS && left < 366 * DAY_MS, `${expires[0]} lies ${left / DAY_MS} days ahead`);
      assert.match(expires[0] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
  });

  it('Contact in security.txt is a mailto: or https: URL', async (t) => {
    const mail = await startServer(t, { SECURITY_CONTACT: 'security@example.com' });
    assert.deepEqual((await fields(mail)).get('Contact'), ['mailto:security@example.com']);
    const web = await startServer(t, { SECURITY_CONTACT: 'https://example.com/security' });
    assert.deepEqual((await fields(web)).get('Contact'), ['https://example.com/security']);
  });

  it('Canonical in security.txt has the host of PUBLIC_URL, not of the request', async (t) => {
    const server = await startServer(t, { PUBLIC_URL: 'https://api.example.com', ALLOWED_HOSTS: '127.0.0.1' });
    assert.deepEqual((await fields(server)).get('Canonical'), [`https://api.example.com${PATH}`]);
  });

  it('/security.txt redirects to /.well-known/security.txt and to no other URL', async (t) => {
    const server = await startServer(t);
    for (const target of ['/security.txt', '/security.txt?next=https://attacker.example']) {
      const answer = await server.sendBytes(
        `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Host: attacker.example\r\nConnection: close\r\n\r\n`,
      );
      assert.match(answer, /^HTTP\/1\.1 301 /);
      assert.match(answer, /^location: \/\.well-known\/security\.txt\r$/im);
    }
  });
});
