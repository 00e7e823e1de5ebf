import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { trustedPeers } from '../src/network/client-address.ts';
import { startServer, type TestServer } from './support/server.ts';

/** The statuses of one request for each set of headers. */
async function statuses(server: TestServer, headerSets: Record<string, string>[]): Promise<number[]> {
  const seen = [];
  for (const headers of headerSets) seen.push((await server.request('GET', '/', { headers })).status);
  return seen;
}

const rotating = (make: (index: number) => Record<string, string>) => Array.from({ length: 5 }, (_, index) => make(index));
const [PASSED, REFUSED] = [200, 429];

describe('proxies', () => {
  it('a changing X-Forwarded-For gets 429 at the limit of the real address', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '2' });
    const seen = await statuses(
      server,
      rotating((index) => ({ 'x-forwarded-for': `198.51.100.${index}` })),
    );
    assert.deepEqual(seen, [PASSED, PASSED, REFUSED, REFUSED, REFUSED]);
  });

  it('other forwarding headers are ignored: the real address gets 429 at its limit', async (t) => {
    for (const name of ['forwarded', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip']) {
      const server = await startServer(t, { RATE_LIMIT_MAX: '2', TRUSTED_PROXIES: '127.0.0.1' });
      const seen = await statuses(
        server,
        rotating((index) => ({ [name]: name === 'forwarded' ? `for=198.51.100.${index}` : `198.51.100.${index}` })),
      );
      assert.deepEqual(seen, [PASSED, PASSED, REFUSED, REFUSED, REFUSED], name);
    }
  });

  it('addresses that a client puts into X-Forwarded-For before the one of the trusted proxy are ignored', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '2', TRUSTED_PROXIES: '127.0.0.1' });
    const seen = await statuses(
      server,
      rotating((index) => ({ 'x-forwarded-for': `198.51.100.${index}, 203.0.113.7` })),
    );
    assert.deepEqual(seen, [PASSED, PASSED, REFUSED, REFUSED, REFUSED]);
    const other = await server.request('GET', '/', { headers: { 'x-forwarded-for': '203.0.113.8' } });
    assert.equal(other.status, PASSED);
  });

  it('X-Forwarded-For of a proxy that is not trusted is ignored', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '2', TRUSTED_PROXIES: '192.0.2.0/24' });
    const seen = await statuses(
      server,
      rotating((index) => ({ 'x-forwarded-for': `198.51.100.${index}` })),
    );
    assert.deepEqual(seen, [PASSED, PASSED, REFUSED, REFUSED, REFUSED]);
  });

  it('all addresses of one IPv6 /56 share one limit', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '2', TRUSTED_PROXIES: '127.0.0.1' });
    const seen = await statuses(
      server,
      rotating((index) => ({ 'x-forwarded-for': `2001:db8:0:10${index}::${index}` })),
    );
    assert.deepEqual(seen, [PASSED, PASSED, REFUSED, REFUSED, REFUSED]);
    const neighbour = await server.request('GET', '/', { headers: { 'x-forwarded-for': '2001:db8:0:200::1' } });
    assert.equal(neighbour.status, PASSED);
  });

  it('only an address inside TRUSTED_PROXIES is trusted: IPv4, IPv6, or IPv4 that is written as IPv6', () => {
    const isProxy = trustedPeers(['192.0.2.0/24', '2001:db8:1::/48', '::1']);
    for (const ip of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8:1::7', '::1']) assert.equal(isProxy(ip), true, ip);
    for (const ip of ['192.0.3.7', '2001:db8:2::7', '::2', undefined]) assert.equal(isProxy(ip), false, String(ip));
  });

  it('text in X-Forwarded-For that is not an address is neither counted as a client nor logged', async (t) => {
    const server = await startServer(t, { RATE_LIMIT_MAX: '2', TRUSTED_PROXIES: '127.0.0.1' });
    const seen = await statuses(
      server,
      rotating((index) => ({ 'x-forwarded-for': `CANARY-${index}` })),
    );
    assert.deepEqual(seen.slice(2), [REFUSED, REFUSED, REFUSED]);
    assert.doesNotMatch(JSON.stringify(server.logs), /CANARY/);
  });

  it('the log has the address of the connection, not a forged X-Forwarded-For', async (t) => {
    const server = await startServer(t);
    await server.request('GET', '/', { headers: { 'x-forwarded-for': '198.51.100.66' } });
    assert.doesNotMatch(JSON.stringify(server.logs), /198\.51\.100\.66/);
    assert.ok(server.logs.some((line) => line['ip'] === '127.0.0.1'));
  });
});
