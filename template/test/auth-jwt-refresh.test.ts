import assert from 'node:assert/strict';
import test from 'node:test';
import { createUser, me, refresh, signIn, tokensOf, type Tokens } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const logout = (server: TestServer, { accessToken }: Tokens) =>
  server.request('POST', '/api/v1/auth/logout', { token: accessToken });

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
  assert.ok(server.logs.some(({ event }) => event === 'authn_token_reuse'));
});

test('the end of one family leaves the other devices of the same person signed in', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const elsewhere = await signIn(server, user);
  tokensOf(await refresh(server, user.tokens.refreshToken));
  await refresh(server, user.tokens.refreshToken);
  await assertFamilyEnded(server, user.tokens);
  assert.equal((await me(server, elsewhere)).status, 200);
});

test('twenty uses of one refresh token at once give one successor, and the family ends', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(server, tokens.refreshToken)));
  const successors = answers.filter(({ status }) => status === 200);
  assert.equal(successors.length, 1);
  assert.equal(answers.filter(({ status }) => status === 401).length, 19);
  await assertFamilyEnded(server, tokens, ...successors.map(({ body }) => body as Tokens));
});

test('a refresh that races a logout does not outlive it', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  for (let round = 0; round < 10; round += 1) {
    const tokens = await signIn(server, user);
    const [answer, ended] = await Promise.all([refresh(server, tokens.refreshToken), logout(server, tokens)]);
    assert.equal(ended.status, 204);
    await assertFamilyEnded(server, tokens, ...(answer.status === 200 ? [answer.body as Tokens] : []));
  }
});

test('a refresh that races a replay does not outlive the family', async (t) => {
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

test('a refresh token left alone for a week is worth nothing', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  server.clock.advance(7 * DAY_MS + 1000);
  assert.equal((await refresh(server, tokens.refreshToken)).status, 401);
});

test('refreshing for ever does not keep a session for ever', async (t) => {
  const server = await startServer(t);
  let { tokens } = await createUser(server);
  for (let day = 6; day < 30; day += 6) {
    server.clock.advance(6 * DAY_MS);
    tokens = tokensOf(await refresh(server, tokens.refreshToken));
  }
  server.clock.advance(6 * DAY_MS + 1000);
  assert.equal((await refresh(server, tokens.refreshToken)).status, 401);
});

test('an access token made just before the absolute end does not outlive it', async (t) => {
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

test('a stolen database holds no refresh token that would still work', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  assert.match(tokens.refreshToken, /^[A-Za-z0-9_-]{43}$/);
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

test('an access token, an unknown token and garbage refresh nothing', async (t) => {
  const server = await startServer(t);
  const { tokens } = await createUser(server);
  for (const refreshToken of [tokens.accessToken, 'x'.repeat(43), '', ' ', "' or 1=1 --", tokens.refreshToken.slice(1)]) {
    assert.ok([400, 401].includes((await refresh(server, refreshToken)).status));
  }
  tokensOf(await refresh(server, tokens.refreshToken));
});

test('a refresh does not renew the proof of a password', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  server.clock.advance(6 * 60_000);
  const tokens = tokensOf(await refresh(server, user.tokens.refreshToken));
  const erase = ({ accessToken }: Tokens) => server.request('DELETE', '/api/v1/me', { token: accessToken });
  assertProblem(await erase(tokens), 403, 'reauthentication-required');
  assert.equal((await erase(await signIn(server, user))).status, 204);
});
