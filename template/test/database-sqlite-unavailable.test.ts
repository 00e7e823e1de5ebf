import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';
import { sql } from 'kysely';
import { createUser, login, me, signIn, type Account, type Answer } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';
import { useTokens } from './support/strategy.ts';

/** Far more responses than a blocked thread sends, and far fewer than a free one sends. */
const MANY = 10;

const write = (server: TestServer, { tokens }: Account, body = ''): Promise<Answer> =>
  server.request('POST', '/api/v1/notes', { token: tokens.accessToken, body: { title: 'title', body } });

/** Takes the write lock with a second connection, as another process would. */
function lockedElsewhere({ services }: TestServer): DatabaseSync {
  const other = new DatabaseSync(services.config.databaseUrl.slice('file:'.length));
  other.exec('begin immediate');
  return other;
}

/**
 * How many requests get 200, one after the other, until the given promise is settled.
 * A server that is blocked for seconds may also close the connection: then the count ends there.
 */
async function answeredDuring(ask: () => Promise<Answer>, waiting: Promise<unknown>): Promise<number> {
  const succeeds = async (): Promise<boolean> =>
    ask().then(
      ({ status }) => status === 200,
      () => false,
    );
  const state = { over: false };
  const over = waiting.finally(() => {
    state.over = true;
  });
  let answered = 0;
  while (!state.over && (await succeeds())) answered += 1;
  await over;
  return answered;
}

/** From now on the database file cannot grow, as on a full disk. */
async function fillDisk({ services: { database } }: TestServer, ownerId: string): Promise<void> {
  // A limit below the current size sets it to the current size.
  await sql`pragma max_page_count = 1`.execute(database);
  const row = () => ({ id: randomUUID(), owner_id: ownerId, title: 'filler', body: 'x'.repeat(100), created_at: 1, updated_at: 1 });
  for (;;) {
    try {
      await database.insertInto('notes').values(row()).execute();
    } catch {
      return;
    }
  }
}

test('while another process holds the write lock, writing gets 503 and other requests get 200', async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [await createUser(server), await createUser(server)];
  const other = lockedElsewhere(server);
  const writers = Promise.all(Array.from({ length: 3 }, () => write(server, ada)));
  const healthy = answeredDuring(() => server.request('GET', '/healthz'), writers);
  const reads = answeredDuring(() => me(server, bob.tokens), writers);
  for (const answer of await writers) assertProblem(answer, 503, 'overloaded');
  assert.ok((await healthy) > MANY, `${await healthy} answers of /healthz`);
  assert.ok((await reads) > MANY, `${await reads} answers of /me`);
  other.close();
  assert.equal((await write(server, ada)).status, 201);
});

test('writers get 201 when another process releases its lock in time', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const other = lockedElsewhere(server);
  const writers = Promise.all(Array.from({ length: 10 }, () => write(server, ada)));
  await me(server, ada.tokens);
  other.close();
  for (const answer of await writers) assert.equal(answer.status, 201, answer.text);
});

test('on a full disk writing gets 503, the log names the reason, and reading gets 200', async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [await createUser(server), await createUser(server)];
  await fillDisk(server, ada.id);
  let answer = await login(server, ada);
  for (let again = 0; again < 100 && answer.status === 200; again += 1)
    answer = await login(server, ada, { 'User-Agent': 'x'.repeat(200) });
  const errors = JSON.stringify(server.logs.filter(({ event }) => event === 'unexpected_error'));
  assert.match(errors, /database or disk is full/);
  assertProblem(answer, 503, 'overloaded');
  for (const { status } of [await write(server, bob, 'x'.repeat(9000)), ...(await useTokens(server, bob.tokens))]) {
    assert.notEqual(status, 500);
  }
  assert.equal((await me(server, bob.tokens)).status, 200);
  await sql`pragma max_page_count = 1073741823`.execute(server.services.database);
  await signIn(server, ada);
});
