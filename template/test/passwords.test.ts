import assert from 'node:assert/strict';
import test from 'node:test';
import bcrypt from 'bcrypt';
import { PROJECT_NAME } from '../src/project.ts';
import {
  createUser,
  enrol,
  freshEmail,
  login,
  mailTo,
  me,
  PASSWORD,
  register,
  tokenIn,
  verifyEmail,
  type Answer,
} from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

/** 36 characters, 72 bytes. */
const TWO_BYTES_EACH = 'éàüöñçßøåæœðþýžšůλμνξπρστφχψωабвгджз';

async function storedHash(server: TestServer, email: string): Promise<string> {
  const row = await server.services.database
    .selectFrom('users')
    .select('password_hash')
    .where('email', '=', email)
    .executeTakeFirstOrThrow();
  assert.ok(row.password_hash);
  return row.password_hash;
}

/** Registers a new address and sets the password. */
async function choose(server: TestServer, password: string): Promise<Answer> {
  const email = freshEmail();
  await register(server, email);
  return verifyEmail(server, tokenIn(await mailTo(server, email)), password);
}

const accepts = async (server: TestServer, password: string): Promise<boolean> => (await choose(server, password)).status === 204;

test('a stolen database holds only salted bcrypt hashes of the configured cost', async (t) => {
  const server = await startServer(t, { BCRYPT_COST: '5' });
  const [ada, bob] = [freshEmail(), freshEmail()];
  for (const email of [ada, bob]) await enrol(server, { email, password: PASSWORD });
  const hashes = [await storedHash(server, ada), await storedHash(server, bob)];
  for (const hash of hashes) assert.match(hash, /^\$2b\$05\$[./A-Za-z0-9]{53}$/);
  assert.notEqual(hashes[0], hashes[1]);
});

test('a hash made at an older, cheaper cost is replaced at the next login', async (t) => {
  const server = await startServer(t, { BCRYPT_COST: '5' });
  const user = await createUser(server);
  await server.services.database
    .updateTable('users')
    .set({ password_hash: await bcrypt.hash(user.password, 4) })
    .where('id', '=', user.id)
    .execute();
  assert.equal((await login(server, user)).status, 200);
  assert.match(await storedHash(server, user.email), /^\$2b\$05\$/);
  assert.equal((await login(server, user)).status, 200);
});

test('a login with the right 72 bytes and a further suffix is refused', async (t) => {
  const server = await startServer(t);
  const longest = [`${PASSWORD} ${'0123456789'.repeat(8)}`.slice(0, 72), TWO_BYTES_EACH];
  for (const password of longest) {
    assert.equal(Buffer.byteLength(password), 72);
    const user = await createUser(server, { password });
    for (const suffix of ['X', '\0', 'a longer suffix of words']) {
      const answer = await login(server, { email: user.email, password: password + suffix });
      assert.ok([400, 401].includes(answer.status), `${answer.status} with the suffix ${JSON.stringify(suffix)}`);
    }
    const wordy = await login(server, { email: user.email, password: `${password}X` });
    assertProblem(wordy, 401, 'invalid-credentials');
  }
});

test('setting a password of 73 bytes gets 400', async (t) => {
  const server = await startServer(t);
  const password = `${PASSWORD} ${'0123456789'.repeat(8)}`.slice(0, 73);
  assertProblem(await choose(server, password), 400, 'invalid-request', [password]);
  const inBytes = `${TWO_BYTES_EACH}x`;
  assert.ok(inBytes.length < 72 && Buffer.byteLength(inBytes) === 73);
  assert.equal(await accepts(server, inBytes), false);
  const { tokens } = await createUser(server);
  const change = await server.request('POST', '/api/v1/auth/password/change', {
    token: tokens.accessToken,
    body: { currentPassword: PASSWORD, newPassword: password },
  });
  assert.equal(change.status, 400);
});

test('a password of 14 characters is refused, however many bytes it has', async (t) => {
  const server = await startServer(t);
  assert.equal(await accepts(server, 'k7 Vq9 xW2 mZ4'), false);
  assert.equal(await accepts(server, '🦊🐢🦉🐝🦋🐙🦔🐬🦜🐸🦭🐌🦩🐞'), false);
  assert.equal(await accepts(server, 'k7 Vq9 xW2 mZ4!'), true);
  assert.equal(await accepts(server, '🦊🐢🦉🐝🦋🐙🦔🐬🦜🐸🦭🐌🦩🐞🦎'), true);
});

test('a password with other case, spaces or Unicode form gets 401', async (t) => {
  const server = await startServer(t);
  const credentials = { email: freshEmail(), password: ' Grävel umbrella  93 lanterns ' };
  await enrol(server, credentials);
  assert.equal((await login(server, credentials)).status, 200);
  const near = [
    credentials.password.trim(),
    credentials.password.toLowerCase(),
    credentials.password.normalize('NFD'),
    credentials.password.replace('  ', ' '),
    `${credentials.password} `,
    credentials.password.slice(0, -1),
  ];
  for (const password of near) {
    assertProblem(await login(server, { ...credentials, password }), 401, 'invalid-credentials', [password]);
  }
});

test('setting an easily guessed password gets 400', async (t) => {
  const server = await startServer(t);
  const email = `rosalind.${freshEmail()}`;
  const guessable = [
    'passwordpassword',
    'PasswordPassword1',
    'aaaaaaaaaaaaaaaa',
    'abcabcabcabcabcabc',
    '123456789012345',
    `${PROJECT_NAME}-123456789012`,
    email.split('@')[0] ?? '',
  ];
  await register(server, email);
  const token = tokenIn(await mailTo(server, email));
  for (const password of guessable) {
    assertProblem(await verifyEmail(server, token, password), 400, 'password-compromised', [password]);
  }
  const user = await createUser(server);
  for (const newPassword of guessable.slice(0, 3)) {
    const change = await server.request('POST', '/api/v1/auth/password/change', {
      token: user.tokens.accessToken,
      body: { currentPassword: user.password, newPassword },
    });
    assertProblem(change, 400, 'password-compromised', [newPassword]);
  }
  assert.equal((await me(server, user.tokens)).status, 200);
});
