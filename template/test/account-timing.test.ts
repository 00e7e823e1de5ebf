import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { createUser, freshEmail, mailTo, PASSWORD } from './support/accounts.ts';
import { startServer, type TestServer } from './support/server.ts';

const HOUR_MS = 60 * 60_000;
/** Without a difference the statistic is 0.5 with a standard deviation of 0.07; the bounds are four deviations away. */
const SAMPLES = 36;
const TOLERANCE = 0.3;

/** Probability that a value of one list is larger than one of the other; 0.5 when the lists do not differ. */
function rankStatistic(left: readonly number[], right: readonly number[]): number {
  const wins = left.flatMap((a) => right.map((b) => (a === b ? 0.5 : Number(a > b))));
  return wins.reduce((sum, win) => sum + win, 0) / wins.length;
}

/** Sends two requests in one write. Returns milliseconds to the first response, and from there to the second. */
async function twoAnswers({ port }: TestServer, path: string, body: object): Promise<{ answer: number; next: number }> {
  const text = JSON.stringify(body);
  const socket = net.connect(port, '127.0.0.1').setNoDelay().setEncoding('latin1');
  await once(socket, 'connect');
  const arrivals: number[] = [];
  socket.on('data', (chunk: string) => {
    for (const _answer of chunk.matchAll(/HTTP\/1\.1 \d{3} /g)) arrivals.push(performance.now());
  });
  const started = performance.now();
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}` +
      'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
  );
  await once(socket, 'close');
  const [first = 0, second = 0] = arrivals;
  assert.equal(arrivals.length, 2);
  return { answer: first - started, next: second - first };
}

const REQUESTS = {
  'a forgotten password': ['/api/v1/auth/password/forgot', (email: string) => ({ email })],
  'a registration': ['/api/v1/auth/register', (email: string) => ({ email })],
  'a failed login': ['/api/v1/auth/login', (email: string) => ({ email, password: `${PASSWORD}?` })],
} as const;

test('the database work for a mail starts after the next request is answered', async (t) => {
  const server = await startServer(t);
  const { email } = await createUser(server);
  let unfelt = 0;
  for (let request = 1; request <= 20; request += 1) {
    await server.request('POST', '/api/v1/auth/password/forgot', { body: { email } });
    await server.request('GET', '/healthz');
    const rows = await server.services.database.selectFrom('one_time_tokens').select('email').execute();
    if (rows.length < request) unfelt += 1;
    await mailTo(server, email, request);
    server.clock.advance(HOUR_MS);
  }
  assert.ok(unfelt > 10, `${unfelt} of 20 were put off`);
});

for (const [name, [path, bodyFor]] of Object.entries(REQUESTS)) {
  test(`the response to ${name} and the next response take the same time with and without an account`, async (t) => {
    const server = await startServer(t);
    const { email } = await createUser(server);
    const known: { answer: number; next: number }[] = [];
    const unknown: typeof known = [];
    const measure = {
      known: async () => known.push(await twoAnswers(server, path, bodyFor(email))),
      unknown: async () => unknown.push(await twoAnswers(server, path, bodyFor(freshEmail()))),
    };
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      // The first request of an hour also clears the counters, so known and unknown addresses take turns in being first.
      for (const kind of sample % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) await measure[kind]();
      // An hour later the pause of the mailbox is over, so that the work is done each time.
      server.clock.advance(HOUR_MS);
    }
    for (const part of ['answer', 'next'] as const) {
      const statistic = rankStatistic(
        known.map((times) => times[part]),
        unknown.map((times) => times[part]),
      );
      assert.ok(Math.abs(statistic - 0.5) < TOLERANCE, `${part}: ${statistic.toFixed(2)} instead of a half`);
    }
  });
}
