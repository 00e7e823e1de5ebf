import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { hashOpaqueToken } from '../src/crypto/opaque-token.ts';
import { createUser, me, signIn, tokensOf, type Tokens } from './support/accounts.ts';
import { refresh, SIGN_IN } from './support/jwt.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const logout = (server: TestServer, { accessToken }: Tokens) => server.request('POST', '/api/v1/auth/logout', { token: accessToken });

async function assertFamilyEnded(server: TestServer, ...family: readonly Tokens[]): Promise<void> {
  for (const tokens of family) {
    assertProblem(await me(server, tokens), 401, 'invalid-token');
    assert.equal((await refresh(server, tokens.refreshToken)).status, 401);
  }
}

test('a replayed refresh token ends the whole family', async (t) => {
  const server = await startServer(t);
  const { tokens: first } = await createUser(server);
  const second = tokensOf(await refresh(server, first.refreshToken));
  const third = tokensOf(await refresh(server, second.refreshToken));
  assert.equal((await me(server, third)).status, 200);
  assert.equal((await refresh(server, first.refreshToken)).status, 401);
  await assertFamilyEnded(server, first, second, third);
  const event = server.logs.find((line) => line.event === 'authn_token_reuse');
  assert.equal(event?.level, 'error');
  assert.match(String(event['sessionId']), /^[0-9a-f-]{36}$/);
});

test('a refresh returns the same fields as a login', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  assert.deepEqual(Object.keys((await refresh(server, tokens.refreshToken)).body as object).sort(), SIGN_IN.fields);
});

test('when one token family ends, the other sessions of the same user stay signed in', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const elsewhere = await signIn(server, user);
  tokensOf(await refresh(server, user.tokens.refreshToken));
  await refresh(server, user.tokens.refreshToken);
  await assertFamilyEnded(server, user.tokens);
  assert.equal((await me(server, elsewhere)).status, 200);
});

test('of twenty parallel uses of one refresh token one gets 200, and the whole family ends', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(server, tokens.refreshToken)));
  const successors = answers.filter(({ status }) => status === 200);
  assert.equal(successors.length, 1);
  assert.equal(answers.filter(({ status }) => status === 401).length, 19);
  await assertFamilyEnded(server, tokens, ...successors.map(({ body }) => body as Tokens));
});

test('a token that was refreshed during a logout gets 401 afterwards', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  for (let round = 0; round < 10; round += 1) {
    const tokens = await signIn(server, user);
    const [answer, ended] = await Promise.all([refresh(server, tokens.refreshToken), logout(server, tokens)]);
    assert.equal(ended.status, 204);
    await assertFamilyEnded(server, tokens, ...(answer.status === 200 ? [answer.body as Tokens] : []));
  }
});

test('a token that was refreshed during a replay of an older one gets 401 afterwards', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  for (let round = 0; round < 10; round += 1) {
    const first = await signIn(server, user);
    const second = tokensOf(await refresh(server, first.refreshToken));
    const [racing, replayed] = await Promise.all([refresh(server, second.refreshToken), refresh(server, first.refreshToken)]);
    assert.equal(replayed.status, 401);
    await assertFamilyEnded(server, second, ...(racing.status === 200 ? [racing.body as Tokens] : []));
  }
});

test('a refresh token that was not used for a week gets 401', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  server.clock.advance(7 * DAY_MS + 1000);
  assert.equal((await refresh(server, tokens.refreshToken)).status, 401);
});

test('a session that is refreshed every six days ends after 30 days', async (t) => {
  const server = await startServer(t);
  let { tokens } = await createUser(server);
  for (let day = 6; day < 30; day += 6) {
    server.clock.advance(6 * DAY_MS);
    tokens = tokensOf(await refresh(server, tokens.refreshToken));
  }
  server.clock.advance(6 * DAY_MS + 1000);
  assert.equal((await refresh(server, tokens.refreshToken)).status, 401);
});

test('an access token issued just before the session ends gets 401 after that end', async (t) => {
  const server = await startServer(t);
  let { tokens } = await createUser(server);
  for (let day = 6; day < 30; day += 6) {
    server.clock.advance(6 * DAY_MS);
    tokens = tokensOf(await refresh(server, tokens.refreshToken));
  }
  server.clock.advance(6 * DAY_MS - 60_000);
  tokens = tokensOf(await refresh(server, tokens.refreshToken));
  assert.equal((await me(server, tokens)).status, 200);
  server.clock.advance(120_000);
  assert.equal((await me(server, tokens)).status, 401);
});

test('a stolen database holds only hashes of refresh tokens, and a hash cannot be used to refresh', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  assert.match(tokens.refreshToken, /^[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/);
  const { database } = server.services;
  const rows = await database.selectFrom('refresh_tokens').selectAll().execute();
  const sessions = await database.selectFrom('sessions').selectAll().execute();
  assert.match(rows[0]?.token_hash ?? '', /^[0-9a-f]{64}$/);
  const dump = JSON.stringify([rows, sessions]);
  for (const secret of [tokens.refreshToken, tokens.accessToken]) assert.ok(!dump.includes(secret));
  for (const stored of [rows[0]?.token_hash ?? '', sessions[0]?.id ?? '']) {
    assert.ok([400, 401].includes((await refresh(server, stored)).status));
  }
});

test('an access token, an unknown token and garbage are refused as refresh tokens', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  for (const refreshToken of [tokens.accessToken, 'x'.repeat(129), '']) assert.equal((await refresh(server, refreshToken)).status, 400);
  for (const refreshToken of ['x'.repeat(43), ' ', "' or 1=1 --", tokens.refreshToken.slice(1)]) {
    assert.equal((await refresh(server, refreshToken)).status, 401);
  }
  tokensOf(await refresh(server, tokens.refreshToken));
});

/** All rows of refresh tokens. */
const rows = (server: TestServer) => server.services.database.selectFrom('refresh_tokens').selectAll().execute();

/** Replaces the newest token of a session by one of version 0.1: a random text without a seal, valid because of its row. */
async function asOldToken(server: TestServer, { refreshToken }: Tokens): Promise<string> {
  const old = randomBytes(32).toString('base64url');
  await server.services.database
    .updateTable('refresh_tokens')
    .set({ token_hash: hashOpaqueToken(old) })
    .where('token_hash', '=', hashOpaqueToken(refreshToken))
    .execute();
  return old;
}

test('a hundred refreshes of one session leave one row', async (t) => {
  const server = await startServer(t);
  let { tokens } = await createUser(server);
  const first = tokens;
  for (let count = 0; count < 100; count += 1) tokens = tokensOf(await refresh(server, tokens.refreshToken));
  assert.equal((await rows(server)).length, 1);
  assert.equal((await refresh(server, first.refreshToken)).status, 401);
  await assertFamilyEnded(server, tokens);
});

test('invented tokens with the id of a real session get 401, and the session stays open', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const [session = '', secret = '', seal = ''] = tokens.refreshToken.split('.');
  const other = randomBytes(32).toString('base64url');
  const before = await server.services.database.selectFrom('sessions').selectAll().execute();
  const invented = [
    session,
    `${session}.`,
    `${session}.${other}`,
    `${session}.${other}.${other}`,
    `${session}.${other}.${seal}`,
    `${session}.${secret}.${other}`,
    `${session}.${secret}.`,
    `${session}.${secret}.${seal.slice(0, 42)}${seal.endsWith('A') ? 'B' : 'A'}`,
  ];
  for (const refreshToken of invented) assert.equal((await refresh(server, refreshToken)).status, 401);
  assert.deepEqual(await server.services.database.selectFrom('sessions').selectAll().execute(), before);
  tokensOf(await refresh(server, tokens.refreshToken));
});

test('a refresh token with the id of another session gets 401, and both sessions stay open', async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [await createUser(server), await createUser(server)];
  const [, secret, seal] = ada.tokens.refreshToken.split('.');
  const [session] = bob.tokens.refreshToken.split('.');
  assert.equal((await refresh(server, `${session}.${secret}.${seal}`)).status, 401);
  for (const { tokens } of [ada, bob]) tokensOf(await refresh(server, tokens.refreshToken));
});

test('a refresh token of version 0.1 works once, and its replay ends the family', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const old = await asOldToken(server, tokens);
  const second = tokensOf(await refresh(server, old));
  const third = tokensOf(await refresh(server, second.refreshToken));
  assert.equal((await rows(server)).length, 2, 'the old token, until it expires, and the newest one');
  assert.equal((await refresh(server, old)).status, 401);
  await assertFamilyEnded(server, second, third);
});

test('expired tokens of version 0.1 are deleted, at most 100 with each refresh', async (t) => {
  const server = await startServer(t);
  const { id, tokens: first } = await createUser(server);
  const { database, clock } = server.services;
  const session = await database.selectFrom('sessions').select('id').where('user_id', '=', id).executeTakeFirstOrThrow();
  const used = Array.from({ length: 350 }, (_, number) => ({
    token_hash: hashOpaqueToken(String(number)),
    session_id: session.id,
    expires_at: clock() + number,
    used_at: 1,
  }));
  await database.insertInto('refresh_tokens').values(used).execute();
  server.clock.advance(DAY_MS);
  let tokens = first;
  const left: number[] = [];
  for (let count = 0; count < 4; count += 1) {
    tokens = tokensOf(await refresh(server, tokens.refreshToken));
    left.push((await rows(server)).length);
  }
  assert.deepEqual(left, [251, 151, 51, 1], 'a hundred for each refresh');
});

test('after a change of the signing secret the newest refresh token still works, and its replay ends the family', async (t) => {
  const before = await startServer(t);
  const { tokens } = await createUser(before);
  const stale = tokensOf(await refresh(before, tokens.refreshToken));
  const after = await startServer(t, { DATABASE_URL: before.services.config.databaseUrl });
  const second = tokensOf(await refresh(after, stale.refreshToken));
  assert.equal((await refresh(after, tokens.refreshToken)).status, 401);
  const third = tokensOf(await refresh(after, second.refreshToken));
  assert.equal((await refresh(after, stale.refreshToken)).status, 401);
  await assertFamilyEnded(after, second, third);
});

test('deleting the account with a refreshed token gets 403 six minutes after the sign-in', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  server.clock.advance(6 * 60_000);
  const tokens = tokensOf(await refresh(server, user.tokens.refreshToken));
  const erase = ({ accessToken }: Tokens) => server.request('DELETE', '/api/v1/me', { token: accessToken });
  assertProblem(await erase(tokens), 403, 'reauthentication-required');
  assert.equal((await erase(await signIn(server, user))).status, 204);
});
