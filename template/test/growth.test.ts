import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { sql } from 'kysely';
import { createUnverified, createUser, freshEmail, login, PASSWORD, register, signIn, type Account } from './support/accounts.ts';
import { eventually } from './support/eventually.ts';
import { FEATURES } from './support/features.ts';
import { USES } from './support/parts.ts';
import { startServer, type TestServer } from './support/server.ts';
import { useTokens } from './support/strategy.ts';

/** Longer than any row is stored that no account owns. */
const MONTH_MS = 31 * 86_400_000;
/** Rows that requests for mails leave in a month of the test. */
const MAILS = 6;

const SOURCES = new URL('../src/', import.meta.url);
const source = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(new URL(name, SOURCES), 'utf8'))
  .join('\n');

const document = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
const section = document.split('\n## ').find((text) => text.startsWith('Size of the database')) ?? '';
const lines = section.match(/^\| `.+$/gm) ?? [];
/** Cells of the table in docs/operations.md, by the name in the first one. */
const documented = new Map(lines.map((line) => [/`(\w+)`/.exec(line)?.[1] ?? '', line.split('|').slice(2, 4)]));

/** Tables of features: `test/features` has their quotas, and ownership.test.ts fills them. */
const ofFeatures = new Set(FEATURES.flatMap(({ feature }) => feature.ownedByUser.map(({ table }) => table as string)));

async function countRows({ services: { database } }: TestServer): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of await database.introspection.getTables()) {
    const { rows } = await sql<{ rows: number }>`select count(*) as rows from ${sql.table(name)}`.execute(database);
    counts[name] = Number(rows[0]?.rows);
  }
  return counts;
}

test('docs/operations.md says what bounds tables that exist, and names functions that exist', async (t) => {
  const tables = Object.keys(await countRows(await startServer(t)));
  assert.ok(documented.size > 0);
  for (const [table, [bound = '', removal = '']] of documented) {
    assert.ok(tables.includes(table), `the line of ${table} describes no table`);
    assert.match(bound, /\w/);
    for (const [, name = ''] of removal.matchAll(/`([a-z]\w+)`/g)) assert.match(source, new RegExp(`\\b${name}\\b`), `${table}: ${name}`);
  }
});

/**
 * What clients do in a month: sign in, refresh, use what the answers add, guess, register, ask for mails, delete an account.
 *
 * @returns the number of rows while mails wait
 */
async function useForAMonth(server: TestServer, account: Account): Promise<Record<string, number>> {
  for (let device = 0; device < 11; device += 1) await signIn(server, account);
  for (const { status } of await useTokens(server, await signIn(server, account))) assert.equal(status, 200);
  for (const use of USES) await use(server, { tokens: await signIn(server, account) });
  await login(server, { email: freshEmail(), password: PASSWORD });
  for (let mail = 0; mail < MAILS; mail += 2) {
    await register(server, freshEmail());
    await server.request('POST', '/api/v1/auth/password/forgot', { body: { email: freshEmail() } });
  }
  const busy = await countRows(server);
  await createUnverified(server, { email: freshEmail(), password: PASSWORD });
  const { tokens } = await createUser(server);
  assert.equal((await server.request('DELETE', '/api/v1/me', { token: tokens.accessToken })).status, 204);
  await eventually('the work for the mails', async () => {
    const { one_time_tokens: tokens, outbox } = await countRows(server);
    return tokens === MAILS && outbox === 0 ? true : undefined;
  });
  return busy;
}

test('after each month with the same requests each table has as many rows as after the month before', async (t) => {
  const server = await startServer(t);
  const account = await createUser(server);
  const peaks: Record<string, number>[] = [];
  const rests: Record<string, number>[] = [];
  const busy: Record<string, number>[] = [];
  for (let month = 0; month < 3; month += 1) {
    busy.push(await useForAMonth(server, account));
    peaks.push(await countRows(server));
    server.clock.advance(MONTH_MS);
    await server.upkeep();
    rests.push(await countRows(server));
  }
  assert.deepEqual(peaks[2], peaks[1]);
  assert.deepEqual(rests[2], rests[0]);
  const mayBeEmpty = (name: string): boolean =>
    ['rate_limits', 'refresh_tokens'].includes(name) && (documented.get(name)?.[0] ?? '').includes('empty');
  const filled = [...documented.keys()].filter((name) => !ofFeatures.has(name) && !mayBeEmpty(name));
  assert.deepEqual(
    filled.filter((name) => busy[0]?.[name] === 0 && peaks[0]?.[name] === 0),
    [],
    'the test does not fill these tables',
  );
});
