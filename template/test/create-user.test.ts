import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  createUser,
  freshEmail,
  login,
  mailsSettled,
  mailTo,
  PASSWORD,
  setRole,
  signIn,
  tokenIn,
  verifyEmail,
  type Tokens,
} from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

const COMMAND = fileURLToPath(new URL('../src/commands/create-user.ts', import.meta.url));
const MINUTE_MS = 60_000;

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs the command as an operator does, with the database of the server. */
async function run(server: TestServer, commandLine: readonly string[], input = ''): Promise<Outcome> {
  const env = {
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://localhost:3000',
    MAIL_FROM: 'no-reply@example.com',
    SECURITY_CONTACT: 'security@example.com',
    BCRYPT_COST: '4',
    ...server.secrets,
    DATABASE_URL: server.services.config.databaseUrl,
  };
  const child = spawn(process.execPath, ['--disable-proto=delete', COMMAND, ...commandLine], { cwd: tmpdir(), env, stdio: 'pipe' });
  // A command that refuses its arguments does not read its input, so writing to it can fail.
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code: Number(code), output: stdout + stderr };
}

const rows = (server: TestServer) => server.services.database.selectFrom('users').selectAll().execute();

const listUsers = (server: TestServer, { accessToken }: Tokens) => server.request('GET', '/api/v1/users', { token: accessToken });

test('create-user creates an administrator who can sign in, and does not print the password', async (t) => {
  const server = await startServer(t);
  const credentials = { email: freshEmail(), password: PASSWORD };
  const { code, output } = await run(server, ['--email', credentials.email, '--role', 'admin'], `${PASSWORD}\n`);
  assert.equal(code, 0, output);
  assert.ok(!output.includes(PASSWORD));
  const [row] = await rows(server);
  assert.match(row?.password_hash ?? '', /^\$2b\$04\$/);
  assert.equal(row?.role, 'admin');
  await setRole(server, row, 'admin');
  assert.equal((await listUsers(server, await signIn(server, credentials))).status, 200);
});

test('a one-time link sets the password once, and gets 400 the second time or after 15 minutes', async (t) => {
  const server = await startServer(t);
  const [email, late] = [freshEmail(), freshEmail()];
  const [first, second] = await Promise.all([run(server, ['--email', email, '--link']), run(server, ['--email', late])]);
  const tokens = [first, second].map(({ code, output }) => {
    assert.equal(code, 0, output);
    return /^token: ([\w-]{43})$/m.exec(output)?.[1] ?? '';
  });
  const reset = (token = '') => server.request('POST', '/api/v1/auth/password/reset', { body: { token, password: PASSWORD } });
  assert.equal((await login(server, { email, password: '' })).status, 400);
  assert.equal((await login(server, { email, password: PASSWORD })).status, 401);
  assert.equal((await reset(tokens[0])).status, 204);
  assert.equal((await reset(tokens[0])).status, 400);
  assert.equal((await listUsers(server, await signIn(server, { email, password: PASSWORD }))).status, 403);
  server.clock.advance(16 * MINUTE_MS);
  assert.equal((await reset(tokens[1])).status, 400);
});

test('create-user --link works after strangers asked for mails to the same address', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  for (const path of ['/api/v1/auth/password/forgot', '/api/v1/auth/register']) await server.request('POST', path, { body: { email } });
  await mailsSettled(server);
  const { code, output } = await run(server, ['--email', email, '--link']);
  assert.equal(code, 0, output);
  const token = /^token: ([\w-]{43})$/m.exec(output)?.[1];
  assert.equal((await server.request('POST', '/api/v1/auth/password/reset', { body: { token, password: PASSWORD } })).status, 204);
  assertProblem(await verifyEmail(server, tokenIn(await mailTo(server, email)), `${PASSWORD} 2`), 400, 'invalid-token');
  await signIn(server, { email, password: PASSWORD });
});

test('create-user for an existing address exits with 1 and changes no row', async (t) => {
  const server = await startServer(t);
  const user = await createUser(server);
  const before = await rows(server);
  const commandLine = ['--email', user.email.toUpperCase(), '--role', 'admin'];
  const outcomes = await Promise.all([run(server, commandLine, `${PASSWORD} 2\n`), run(server, [...commandLine, '--link'])]);
  for (const { code, output } of outcomes) {
    assert.equal(code, 1, output);
    assert.doesNotMatch(output, /token|\bat .*:\d+/);
  }
  assert.deepEqual(await rows(server), before);
  await signIn(server, user);
});

test('create-user refuses a password in the arguments, an unknown role and a weak password, and creates no account', async (t) => {
  const server = await startServer(t);
  const email = freshEmail();
  const refused = [
    [['--email', email, '--password', PASSWORD], 2],
    [['--email', email, '--role', 'root'], 2],
    [['--email', 'nobody'], 2],
    [[], 2],
  ] as const;
  const outcomes = await Promise.all(refused.map(([commandLine]) => run(server, commandLine, `${PASSWORD}\n`)));
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    refused.map(([, code]) => code),
  );
  const weak = await Promise.all(
    ['short', 'passwordpassword', PASSWORD.repeat(3)].map((password) => run(server, ['--email', email], password)),
  );
  assert.deepEqual(
    weak.map(({ code }) => code),
    [1, 1, 1],
  );
  for (const { output } of [...outcomes, ...weak]) assert.ok(!output.includes(PASSWORD) && !/\bat .*:\d+/.test(output));
  assert.deepEqual(await rows(server), []);
});
