import { connect } from 'node:net';
import { loadConfig } from '../../src/config/index.ts';
import { createLog } from '../../src/observability/log.ts';
import { start } from '../../src/server.ts';
import type { Services } from '../../src/services.ts';
import { createTestDatabase } from './database.ts';
import { freshSecrets } from './secrets.ts';
import { createClient, type Client } from './strategy.ts';

export type Mail = Parameters<Services['mailer']['send']>[0];

export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface TestRequest {
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, without a Content-Type. */
  readonly rawBody?: string | Uint8Array<ArrayBuffer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON. */
  readonly body: unknown;
  readonly text: string;
}

export interface TestServer {
  readonly url: string;
  readonly managementUrl: string;
  readonly port: number;
  readonly services: Services;
  /** Settings with its secrets. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Mails in the order in which they were sent. */
  readonly mails: Mail[];
  /** Log lines so far, all levels. */
  readonly logs: LogLine[];
  readonly clock: { now(): number; advance(milliseconds: number): void };
  /** Does the upkeep, which the program does about once a minute. */
  readonly upkeep: () => Promise<void>;
  request(method: string, path: string, options?: TestRequest): Promise<Answer>;
  /** Writes bytes to a socket; returns what is received until it is closed or idle for five seconds. */
  sendBytes(text: string | Uint8Array): Promise<string>;
}

/** Settings with limits that tests do not reach by accident. */
const SETTINGS = {
  NODE_ENV: 'test',
  PORT: '0',
  MANAGEMENT_PORT: '0',
  PUBLIC_URL: 'http://localhost:3000',
  ALLOWED_HOSTS: '127.0.0.1',
  MAIL_FROM: 'no-reply@example.com',
  SECURITY_CONTACT: 'security@example.com',
  RATE_LIMIT_MAX: '100000',
  USER_RATE_LIMIT_MAX: '100000',
  LOGIN_LIMIT_MAX: '100000',
  BCRYPT_COST: '4',
};

/** Registers work for the end of a test, or of a whole file (`node:test` itself). */
export interface Ending {
  after(end: () => Promise<void>): void;
}

/**
 * Starts a real server on free loopback ports with its own database. It is stopped at the end of the test.
 *
 * @param settings override the settings of a test; undefined removes one
 */
export async function startServer(t: Ending, settings: Record<string, string | undefined> = {}): Promise<TestServer> {
  const database = await createTestDatabase();
  let stop = (): Promise<void> => Promise.resolve();
  t.after(async () => {
    await stop();
    await database.drop();
  });
  const accounts = 'DATABASE_URL' in settings ? {} : database.settings;
  const secrets = freshSecrets();
  const config = loadConfig({ ...SETTINGS, ...secrets, ...accounts, ...settings });

  const mails: Mail[] = [];
  const logs: LogLine[] = [];
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead, advance: (milliseconds: number) => void (ahead += milliseconds) };
  const running = await start(config, {
    clock: clock.now,
    log: createLog({ level: 'debug', write: (line) => logs.push(JSON.parse(line) as LogLine) }),
    mailer: { send: (mail) => Promise.resolve(void mails.push(mail)) },
  });
  stop = () => running.stop();
  const { port, managementPort, services } = running;

  const url = `http://127.0.0.1:${port}`;
  const client = createClient();
  return {
    url,
    managementUrl: `http://127.0.0.1:${managementPort}`,
    port,
    services,
    secrets,
    mails,
    logs,
    clock,
    upkeep: () => running.upkeep.run(),
    request: (method, path, options = {}) => request(client, method, url + path, options),
    sendBytes: (text) => sendBytes(port, text),
  };
}

async function request(client: Client, method: string, url: string, { token, body, rawBody, headers = {} }: TestRequest): Promise<Answer> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: client.headers(method, token, { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers }),
    body: body === undefined ? (rawBody ?? null) : JSON.stringify(body),
  });
  client.received(token, response.headers);
  const text = await response.text();
  const isJson = /^application\/(?:problem\+)?json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson && text ? (JSON.parse(text) as unknown) : text, text };
}

function sendBytes(port: number, text: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8').setTimeout(5000, () => socket.destroy());
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      resolve(received);
    });
  });
}
