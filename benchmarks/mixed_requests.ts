// Runs inside a project: starts its server with a fast clock, sends a mix of requests, prints rows and memory as JSON.
// Arguments: number of requests, days that pass meanwhile.
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { Agent, request as send } from 'node:http';
import { loadConfig } from './src/config/index.ts';
import { createLog } from './src/observability/log.ts';
import { start } from './src/server.ts';

const [count = 0, days = 0] = process.argv.slice(2).map(Number);
const STEP_MS = (days * 86_400_000) / count;
const UPKEEP_MS = 30 * 60_000;
const CLIENTS = 12;
const TENTHS = 10;
const PASSWORD = 'gravel umbrella 93 lanterns';
/** Requests between two refreshes: an access token is valid for ten minutes. */
const VISIT = 540_000 / STEP_MS / CLIENTS;

let ahead = 0;
let sent = 0;
let upkeepAt = 0;
const statuses = new Map<number, number>();
const mailed = new Map<string, string>();
const collect = (globalThis as { gc?: () => void }).gc;

const config = loadConfig({
  NODE_ENV: 'test',
  PORT: '0',
  MANAGEMENT_PORT: '0',
  PUBLIC_URL: 'http://localhost:3000',
  ALLOWED_HOSTS: '127.0.0.1',
  MAIL_FROM: 'no-reply@example.com',
  SECURITY_CONTACT: 'security@example.com',
  TRUSTED_PROXIES: '127.0.0.1',
  BCRYPT_COST: '4',
  JWT_SECRET: randomBytes(32).toString('base64url'),
  DATABASE_URL: process.env['DATABASE_URL'],
  ...('MIGRATION_DATABASE_URL' in process.env && { MIGRATION_DATABASE_URL: process.env['MIGRATION_DATABASE_URL'] }),
});
const server = await start(config, {
  clock: () => Date.now() + ahead,
  log: createLog({ level: 'silent' }),
  mailer: {
    send: (mail) => {
      const token = /#token=([\w-]{43})\s/.exec(mail.text)?.[1];
      if (token !== undefined) mailed.set(mail.to, token);
      return Promise.resolve();
    },
  },
});

class Client {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  address = '';
  token = '';

  async ask(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, string> }> {
    const answer = await this.once(method, path, body);
    sent += 1;
    ahead += STEP_MS;
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    return answer;
  }

  once(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, string> }> {
    return new Promise((resolve, reject) => {
      const headers = {
        'X-Forwarded-For': this.address,
        ...(body && { 'Content-Type': 'application/json' }),
        ...(this.token && { Authorization: `Bearer ${this.token}` }),
      };
      const options = { host: '127.0.0.1', port: server.port, method, path: `/api/v1${path}`, headers, agent: this.agent };
      const sending = send(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: (text === '' ? {} : JSON.parse(text)) as Record<string, string> });
        });
      });
      sending.on('error', reject);
      sending.end(body && JSON.stringify(body));
    });
  }
}

async function mailTo(email: string): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const token = mailed.get(email);
    if (token !== undefined) {
      mailed.delete(email);
      return token;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return '';
}

async function visit(client: Client, refreshToken: string): Promise<string> {
  for (let step = 0; step < VISIT && sent < count; step += 4) {
    await client.ask('GET', '/me');
    const note = await client.ask('POST', '/notes', { title: 'title', body: 'body' });
    await client.ask('GET', '/notes');
    if (step % 8 === 0) await client.ask('DELETE', `/notes/${note.body['id'] ?? ''}`);
    else await client.ask('GET', '/nothing');
  }
  client.token = '';
  const { body } = await client.ask('POST', '/auth/refresh', { refreshToken });
  client.token = body['accessToken'] ?? '';
  return body['refreshToken'] ?? '';
}

/** One account from registration to deletion, beside guesses and mails to addresses without an account. */
async function live(client: Client): Promise<void> {
  client.address = `198.51.${String(randomInt(256))}.${String(randomInt(256))}`;
  client.token = '';
  const credentials = { email: `${randomUUID()}@example.com`, password: PASSWORD };
  await client.ask('POST', '/auth/register', { email: `${randomUUID()}@example.com` });
  await client.ask('POST', '/auth/password/forgot', { email: `${randomUUID()}@example.com` });
  await client.ask('POST', '/auth/login', { ...credentials, email: `nobody-${String(randomInt(500))}@example.com` });
  await client.ask('POST', '/auth/register', { email: credentials.email });
  await client.ask('POST', '/auth/verify-email', { token: await mailTo(credentials.email), password: PASSWORD });
  for (let device = 0; device < 3; device += 1) {
    const { body } = await client.ask('POST', '/auth/login', credentials);
    client.token = body['accessToken'] ?? '';
    let refreshToken = body['refreshToken'] ?? '';
    for (let visits = 0; visits < 3; visits += 1) refreshToken = await visit(client, refreshToken);
  }
  client.token = '';
  const { body } = await client.ask('POST', '/auth/login', credentials);
  client.token = body['accessToken'] ?? '';
  await client.ask('DELETE', '/me');
}

async function measure(): Promise<object> {
  mailed.clear();
  const rows: Record<string, number> = {};
  for (const { name } of await server.services.database.introspection.getTables()) {
    const { count: found } = await server.services.database
      .selectFrom(name as 'users')
      .select((of) => of.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    rows[name] = Number(found);
  }
  collect?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { sent, rows, heapMegabytes: heapUsed / 1e6, residentMegabytes: rss / 1e6, statuses: Object.fromEntries(statuses) };
}

let due = count / TENTHS;
while (sent < count) {
  const clients = Array.from({ length: CLIENTS }, () => new Client());
  // Accounts end before each measurement, so that it finds only what they leave.
  await Promise.all(
    clients.map(async (client) => {
      while (sent < due) {
        await live(client);
        if (ahead >= upkeepAt) {
          upkeepAt = ahead + UPKEEP_MS;
          await server.upkeep.run();
        }
      }
      client.agent.destroy();
    }),
  );
  await server.upkeep.run();
  process.stdout.write(`${JSON.stringify(await measure())}\n`);
  due += count / TENTHS;
}
await server.stop();
