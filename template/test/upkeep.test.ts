import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { migrationUrl } from '../src/config/chosen.ts';
import type { SessionRow } from '../src/database/schema.ts';
import { removalTask, type UpkeepTask } from '../src/database/upkeep-task.ts';
import { features } from '../src/features.ts';
import { upkeepTasks } from '../src/operations/upkeep-tasks.ts';
import { createUpkeep } from '../src/operations/upkeep.ts';
import { createUnverified, createUser, freshEmail, mailTo, me, PASSWORD, register, tokenIn, verifyEmail } from './support/accounts.ts';
import { eventually } from './support/eventually.ts';
import { exampleSettings, startProgram } from './support/program.ts';
import { startServer, type TestServer } from './support/server.ts';
import { TOKEN_ROWS } from './support/strategy.ts';

const DAY_MS = 86_400_000;
/** Far more responses than possible while a single statement deletes everything. */
const MANY = 10;

interface Owner {
  readonly id: string;
}

/** Writes sessions with one refresh token each. */
async function insertSessions({ services }: TestServer, { id }: Owner, count: number, end: Partial<SessionRow>): Promise<void> {
  const { clock, database } = services;
  const row = { user_id: id, user_agent: '', ip_prefix: '', created_at: 1, authenticated_at: 1, last_seen_at: 1, revoked_at: null };
  const sessions = Array.from({ length: count }, () => ({ ...row, id: randomUUID(), expires_at: clock() + DAY_MS, ...end }));
  for (let at = 0; at < count; at += 500) {
    const some = sessions.slice(at, at + 500);
    const tokens = some.map((session) => ({
      token_hash: randomUUID(),
      session_id: session.id,
      expires_at: clock() + DAY_MS,
      used_at: null,
    }));
    await database.insertInto('sessions').values(some).execute();
    await database.insertInto('refresh_tokens').values(tokens).execute();
  }
}

const rowsOf = async ({ services: { database } }: TestServer, table: 'refresh_tokens' | 'sessions'): Promise<number> =>
  (
    await database
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('rows'))
      .executeTakeFirstOrThrow()
  ).rows;

test('the upkeep removes expired sessions and sessions that ended a day ago, with their refresh tokens, and no others', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const now = server.clock.now();
  await insertSessions(server, ada, 300, { expires_at: now });
  await insertSessions(server, ada, 300, { revoked_at: now - DAY_MS });
  await insertSessions(server, ada, 3, { revoked_at: now - DAY_MS + 60_000 });
  await server.upkeep();
  assert.equal(await rowsOf(server, 'sessions'), 4);
  assert.equal(await rowsOf(server, 'refresh_tokens'), 3 + TOKEN_ROWS);
  assert.equal((await me(server, ada.tokens)).status, 200);
});

test('the upkeep removes an account that nobody verified for 30 days, unless it is disabled or has a valid token', async (t) => {
  const server = await startServer(t);
  const [old, disabled, waiting, young] = [freshEmail(), freshEmail(), freshEmail(), freshEmail()];
  const { database } = server.services;
  for (const email of [old, disabled, waiting]) await createUnverified(server, { email, password: PASSWORD });
  const verified = await createUser(server);
  server.clock.advance(30 * DAY_MS);
  await createUnverified(server, { email: young, password: PASSWORD });
  await database.updateTable('users').set({ disabled_at: 1 }).where('email', '=', disabled).execute();
  await register(server, waiting);
  const token = tokenIn(await mailTo(server, waiting));
  await server.upkeep();
  const left = (await database.selectFrom('users').select('email').execute()).map(({ email }) => email);
  assert.deepEqual(left.sort(), [disabled, waiting, young, verified.email].sort());
  assert.equal((await verifyEmail(server, token)).status, 204);
});

test('an account that is verified while the upkeep looks at it stays', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  await createUnverified(server, { email, password: PASSWORD });
  server.clock.advance(30 * DAY_MS);
  const { database } = server.services;
  const verify = () => database.updateTable('users').set({ email_verified_at: 1 }).where('email', '=', email).execute();
  const executor = database.getExecutor();
  const execute = executor.executeQuery.bind(executor);
  t.mock.method(executor, 'executeQuery', async (...[query, ...rest]: Parameters<typeof execute>) => {
    const result = await execute(query, ...rest);
    if (query.sql.startsWith('select') && query.sql.includes('"email_verified_at" is null')) await verify();
    return result;
  });
  await server.upkeep();
  assert.equal((await database.selectFrom('users').select('email').executeTakeFirst())?.email, email);
});

test('requests are answered while the upkeep removes 20,000 mailed tokens', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const { database } = server.services;
  const old = {
    user_id: null,
    email: ada.email,
    mailbox: ada.email,
    purpose: 'verify-email',
    issued_at: 1,
    expires_at: 1,
    used_at: null,
  } as const;
  for (let at = 0; at < 40; at += 1)
    await database
      .insertInto('one_time_tokens')
      .values(Array.from({ length: 500 }, () => ({ ...old, token_hash: randomUUID() })))
      .execute();
  const state = { over: false, answered: 0 };
  const run = server.upkeep().finally(() => {
    state.over = true;
  });
  while (!state.over) {
    assert.equal((await me(server, ada.tokens)).status, 200);
    state.answered += 1;
  }
  await run;
  assert.ok(state.answered > MANY, `${state.answered} answers`);
  assert.deepEqual(await database.selectFrom('one_time_tokens').selectAll().execute(), []);
});

test('one process at a time does the upkeep, and the lock of a killed process ends after a minute', async (t) => {
  const server = await startServer(t);
  const begun: string[] = [];
  const release = Promise.withResolvers<undefined>();
  const task = (name: string): UpkeepTask => ({
    name,
    run: async () => {
      begun.push(name);
      if (name === 'first') await release.promise;
    },
  });
  const [first, second] = ['first', 'second'].map((name) => createUpkeep(server.services, [task(name)]));
  const run = first?.run();
  await eventually('the first process to begin', () => begun[0]);
  await second?.run();
  assert.deepEqual(begun, ['first']);
  // The first process now hangs, as if it was killed: it does not prolong its lock.
  server.clock.advance(60_000);
  release.resolve(undefined);
  await second?.run();
  assert.deepEqual(begun, ['first', 'second']);
  await run;
});

test('a process that has lost the lock stops its upkeep', async (t) => {
  const server = await startServer(t);
  const { clock, database } = server.services;
  let portions = 0;
  const slow = removalTask({
    name: 'slow',
    find: () => Promise.resolve(portions < 100 ? ['row'] : []),
    remove: async () => {
      portions += 1;
      if (portions !== 3) return;
      server.clock.advance(61_000);
      await database
        .updateTable('job_locks')
        .set({ holder: 'another', held_until: clock() + 60_000 })
        .execute();
    },
  });
  await createUpkeep(server.services, [slow]).run();
  assert.equal(portions, 3);
  const [lock] = await database.selectFrom('job_locks').select('holder').execute();
  assert.equal(lock?.holder, 'another');
});

test('a task that fails is logged, the other tasks run, and the next run tries it again', async (t) => {
  const server = await startServer(t);
  const runs: string[] = [];
  const tasks = ['broken', 'sound'].map((name) => ({
    name,
    run: () => {
      runs.push(name);
      return name === 'broken' ? Promise.reject(new Error('no such table')) : Promise.resolve();
    },
  }));
  const upkeep = createUpkeep(server.services, tasks);
  await upkeep.run();
  await upkeep.run();
  assert.deepEqual(runs, ['broken', 'sound', 'broken', 'sound']);
  const failures = server.logs.filter(({ event }) => event === 'upkeep_failed');
  assert.deepEqual(
    failures.map(({ level, task }) => ({ level, task })),
    [1, 2].map(() => ({ level: 'error', task: 'broken' })),
  );
});

test('a shutdown ends the upkeep between two portions, and another process continues at once', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  await insertSessions(server, ada, 1500, { expires_at: 1 });
  const second = await startServer(t, { DATABASE_URL: server.services.config.databaseUrl });
  const upkeep = createUpkeep(server.services, upkeepTasks(server.services, features));
  void upkeep.run();
  await eventually('the first portion', async () => ((await rowsOf(second, 'sessions')) < 1501 ? true : undefined));
  await upkeep.stop();
  const left = await rowsOf(second, 'sessions');
  assert.ok(left > 1, 'it was interrupted');
  await delay(20);
  assert.equal(await rowsOf(second, 'sessions'), left);
  await second.upkeep();
  assert.equal(await rowsOf(second, 'sessions'), 1);
});

test('after kill -9 during the upkeep no session is left half, and a later run removes the rest', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  await insertSessions(server, ada, 2000, { expires_at: 1 });
  const { config } = server.services;
  const database = { DATABASE_URL: config.databaseUrl, MIGRATION_DATABASE_URL: migrationUrl(config) };
  const program = startProgram(t, { ...(await exampleSettings(t)), ...database });
  const first = eventually('the first portion', async () => ((await rowsOf(server, 'sessions')) < 2001 ? true : undefined));
  assert.ok(await first.catch(() => false), 'the program does the upkeep by itself');
  program.kill('SIGKILL');
  await program.ended;
  assert.ok((await rowsOf(server, 'sessions')) > 1, 'it was interrupted');
  await server.upkeep();
  assert.ok((await rowsOf(server, 'sessions')) > 1, 'the lock of the killed process still holds');
  server.clock.advance(60_000);
  await server.upkeep();
  assert.equal(await rowsOf(server, 'sessions'), 1);
  assert.equal(await rowsOf(server, 'refresh_tokens'), TOKEN_ROWS);
  assert.equal((await me(server, ada.tokens)).status, 200);
});
