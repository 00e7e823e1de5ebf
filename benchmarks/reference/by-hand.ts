// The work of GET /api/v1/me written by hand in one file: helmet, limiter, JWT, one prepared read joining session and user.
import { DatabaseSync } from 'node:sqlite';
import { randomBytes, randomUUID } from 'node:crypto';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { SignJWT, jwtVerify } from 'jose';

const key = await crypto.subtle.importKey(
  'raw',
  randomBytes(32),
  { name: 'HMAC', hash: 'SHA-256' },
  false,
  ['sign', 'verify'],
);
const database = new DatabaseSync(':memory:');
database.exec(`
  create table users (id text primary key, email text unique, display_name text, role text, disabled_at integer, created_at integer);
  create table sessions (id text primary key, user_id text, revoked_at integer, expires_at integer);`);
const user = randomUUID();
const session = randomUUID();
database
  .prepare('insert into users values (?, ?, ?, ?, null, ?)')
  .run(user, 'a@example.com', 'A', 'user', Date.now());
database.prepare('insert into sessions values (?, ?, null, ?)').run(session, user, Date.now() + 1e9);
const read = database.prepare(
  `select users.id, email, display_name, role, users.created_at from sessions join users on users.id = sessions.user_id
   where sessions.id = ? and users.id = ? and revoked_at is null and expires_at > ? and disabled_at is null`,
);

const app = express();
app.use(helmet());
app.use(rateLimit({ windowMs: 60_000, limit: 1_000_000_000, standardHeaders: 'draft-7', legacyHeaders: false }));
app.get('/api/v1/me', async (request, response) => {
  const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
  const { payload } = await jwtVerify(token, key, {
    algorithms: ['HS256'],
    issuer: 'bench',
    audience: 'bench',
  });
  const row = read.get(String(payload['sid']), String(payload.sub), Date.now());
  if (row === undefined) response.sendStatus(401);
  else response.json(row);
});
const token = await new SignJWT({ sid: session })
  .setProtectedHeader({ alg: 'HS256' })
  .setSubject(user)
  .setIssuer('bench')
  .setAudience('bench')
  .setIssuedAt()
  .setExpirationTime('1h')
  .sign(key);
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ ...(server.address() as object), token })}\n`);
});
