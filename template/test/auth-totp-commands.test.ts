import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { TOTP } from 'otpauth';
import { renderUnicodeCompact } from 'uqr';
import { renewSecrets } from '../src/auth/totp/rotation-store.ts';
import { createFieldEncryption } from '../src/crypto/field-encryption.ts';
import { PROJECT_NAME } from '../src/project.ts';
import { createAdmin, createUser, freshEmail, login, PASSWORD } from './support/accounts.ts';
import { codeOf, enrolFactor, pendingTokenIn, sendCode, STEP_MS } from './support/factors.ts';
import { startServer, type TestServer } from './support/server.ts';
import { tokensOf } from './support/strategy.ts';

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a command as an operator does, with the database of the server. */
async function run(
  server: TestServer,
  command: string,
  words: readonly string[],
  more: Record<string, string> = {},
  input = '',
): Promise<Outcome> {
  const env = {
    NODE_ENV: 'test',
    PUBLIC_URL: 'http://localhost:3000',
    MAIL_FROM: 'no-reply@example.com',
    SECURITY_CONTACT: 'security@example.com',
    BCRYPT_COST: '4',
    ...server.secrets,
    DATABASE_URL: server.services.config.databaseUrl,
    ...more,
  };
  const file = fileURLToPath(new URL(`../src/commands/${command}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--disable-proto=delete', file, ...words], { cwd: tmpdir(), env, stdio: 'pipe' });
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code: Number(code), output: stdout + stderr };
}

const newKey = (): string => randomBytes(32).toString('base64url');

const secrets = async ({ services }: TestServer): Promise<string[]> =>
  (await services.database.selectFrom('totp_factors').select('secret').orderBy('user_id').execute()).map(({ secret }) => secret);

test('npm run create-user draws a QR code itself, and the new administrator signs in with the app or a recovery code', async (t) => {
  const server = await startServer(t);
  const account = { email: freshEmail(), password: PASSWORD };
  const words = ['--email', account.email, '--role', 'admin', '--second-factor'];
  const { code, output } = await run(server, 'create-user', words, {}, `${PASSWORD}\n`);
  assert.equal(code, 0, output);
  const [, secret = ''] = /type the secret: ([A-Z2-7]{32})$/m.exec(output) ?? [];
  const uri = new TOTP({ issuer: PROJECT_NAME, label: account.email, secret }).toString();
  assert.ok(output.includes(renderUnicodeCompact(uri, { border: 2 })), 'no QR code');
  assert.doesNotMatch(output, /https?:/);
  const answer = await sendCode(server, pendingTokenIn(await login(server, account)), codeOf(server, secret));
  const { accessToken } = tokensOf(answer);
  assert.equal((await server.request('GET', '/api/v1/users', { token: accessToken })).status, 200);
  const codes = output.match(/^(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}$/gm) ?? [];
  assert.equal(codes.length, 10);
  assert.equal((await sendCode(server, pendingTokenIn(await login(server, account)), codes[9] ?? '')).status, 200);
});

test('npm run create-user without the option prints no secret and adds no factor', async (t) => {
  const server = await startServer(t);
  const { code, output } = await run(server, 'create-user', ['--email', freshEmail(), '--role', 'admin'], {}, `${PASSWORD}\n`);
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /secret|recovery/i);
  assert.deepEqual(await secrets(server), []);
});

test('npm run rotate encrypts every secret with the new key while the service runs, and may be repeated', async (t) => {
  const server = await startServer(t);
  const old = server.secrets['ENCRYPTION_KEY'] ?? '';
  const present = newKey();
  const account = await enrolFactor(server, await createUser(server));
  for (let more = 0; more < 3; more += 1) await createAdmin(server);
  const rotated = { ENCRYPTION_KEY: present, ENCRYPTION_KEY_PREVIOUS: old };
  const { presentPrefix } = createFieldEncryption([new Uint8Array(Buffer.from(present, 'base64url'))]);
  assert.ok(!(await secrets(server)).some((secret) => secret.startsWith(presentPrefix)));
  const first = await run(server, 'rotate', ['ENCRYPTION_KEY'], rotated);
  assert.match(first.output, /present key: 4\./);
  const after = await secrets(server);
  assert.ok(after.every((secret) => secret.startsWith(presentPrefix)));
  assert.match((await run(server, 'rotate', ['ENCRYPTION_KEY'], rotated)).output, /present key: 0\./);
  assert.deepEqual(await secrets(server), after);
  const restarted = await startServer(t, { ...server.secrets, DATABASE_URL: server.services.config.databaseUrl, ENCRYPTION_KEY: present });
  const code = codeOf(restarted, account.secret, 1);
  assert.equal((await sendCode(restarted, pendingTokenIn(await login(restarted, account)), code)).status, 200);
});

test('npm run rotate leaves a secret that a request has changed meanwhile', async (t) => {
  const server = await startServer(t);
  await createAdmin(server);
  const { database } = server.services;
  const bytes = (key = '') => new Uint8Array(Buffer.from(key, 'base64url'));
  const encryption = createFieldEncryption([bytes(newKey()), bytes(server.secrets['ENCRYPTION_KEY'])]);
  const changed = `${encryption.presentPrefix}changed`;
  let isChanged = false;
  // As if a request came between the read and the write of the command.
  const racing = database.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      if (!isChanged) await database.updateTable('totp_factors').set({ secret: changed }).execute();
      isChanged = true;
      return result;
    },
  });
  assert.deepEqual(await renewSecrets(racing, encryption), { renewed: 0, unreadable: 0 });
  assert.deepEqual(await secrets(server), [changed]);
});

test('npm run rotate reports a secret that neither key can read, and changes nothing of it', async (t) => {
  const server = await startServer(t);
  await createAdmin(server);
  const before = await secrets(server);
  const { code, output } = await run(server, 'rotate', ['ENCRYPTION_KEY'], { ENCRYPTION_KEY: newKey() });
  assert.equal(code, 1);
  assert.match(output, /ENCRYPTION_KEY_PREVIOUS: 1\./);
  assert.deepEqual(await secrets(server), before);
  assert.equal((await run(server, 'rotate', ['JWT_SECRET'])).code, 2);
});

test('a server with the key of before a rotation as the previous one still accepts codes', async (t) => {
  const server = await startServer(t);
  const account = await enrolFactor(server, await createUser(server));
  const { ENCRYPTION_KEY: old = '', ...secrets } = server.secrets;
  const rotated = { ENCRYPTION_KEY: newKey(), ENCRYPTION_KEY_PREVIOUS: old, DATABASE_URL: server.services.config.databaseUrl };
  const restarted = await startServer(t, { ...secrets, ...rotated });
  restarted.clock.advance(2 * STEP_MS);
  const answer = await sendCode(restarted, pendingTokenIn(await login(restarted, account)), codeOf(restarted, account.secret));
  assert.equal(answer.status, 200, answer.text);
});
