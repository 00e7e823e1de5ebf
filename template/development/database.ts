import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { loadConfig } from '../src/config/index.ts';
import { PROJECT_NAME } from '../src/project.ts';
import { ADMINISTRATOR, startPostgres } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';

/** The database that `DATABASE_URL` names. */
interface Target {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

function readTarget(): Target {
  const { databaseUrl, environment } = loadConfig();
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  if (environment === 'production') throw new Error('NODE_ENV is production: this database is for development, its data are deleted.');
  if (!['localhost', '127.0.0.1'].includes(hostname)) {
    throw new Error(`DATABASE_URL names the host ${hostname}. This command starts a database on localhost only.`);
  }
  const [user, secret, database] = [username, password, pathname.slice(1)].map(decodeURIComponent) as [string, string, string];
  if (!secret) throw new Error('DATABASE_URL has no password. PostgreSQL would accept no connection without one.');
  return { port: Number(port || 5432), user, password: secret, database };
}

const connection = (port: number, user: string, password: string, database: string) =>
  new Client({ host: '127.0.0.1', port, user, password, database, connectionTimeoutMillis: 2000 });

async function isTaken(port: number): Promise<boolean> {
  const client = connection(port, ADMINISTRATOR, '', ADMINISTRATOR);
  try {
    await client.connect();
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED');
  } finally {
    await client.end();
  }
}

const hasEnded = ({ process: { exitCode, signalCode } }: PostgresServer) => exitCode !== null || signalCode !== null;

/** Tries until the server accepts connections: its first start takes seconds. */
async function administratorOf(server: PostgresServer, port: number, password: string): Promise<Client> {
  for (;;) {
    const client = connection(port, ADMINISTRATOR, password, ADMINISTRATOR);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end();
      if (hasEnded(server)) throw new Error(`PostgreSQL did not start:\n${server.output()}`, { cause: error });
    }
    await delay(100);
  }
}

/** Creates the account and the database of the project. The account may create databases and accounts, because `npm test` does. */
async function create(client: Client, { user, password, database }: Target): Promise<void> {
  const verb = user === ADMINISTRATOR ? 'alter' : 'create';
  await client.query(`${verb} role ${escapeIdentifier(user)} login createdb createrole password ${escapeLiteral(password)}`);
  if (database !== ADMINISTRATOR) await client.query(`create database ${escapeIdentifier(database)} owner ${escapeIdentifier(user)}`);
}

async function prepare(server: PostgresServer, target: Target, password: string): Promise<void> {
  const client = await administratorOf(server, target.port, password);
  try {
    await create(client, target);
  } finally {
    await client.end();
  }
}

/** @returns a signal that is aborted once the server is being stopped */
function stopOnSignals(server: PostgresServer): AbortSignal {
  const stopping = new AbortController();
  const stop = () => {
    stopping.abort();
    server.stop();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  return stopping.signal;
}

/** Runs until a signal arrives or the server ends. */
async function main(): Promise<void> {
  const target = readTarget();
  const { port, database } = target;
  if (await isTaken(port)) {
    throw new Error(
      `Another program uses port ${port} of localhost. If it is a PostgreSQL server, the project can use it; otherwise set another port in DATABASE_URL.`,
    );
  }
  const password = randomBytes(24).toString('base64url');
  const server = startPostgres({ port, password, name: `${PROJECT_NAME}-development-database` });
  const stopping = stopOnSignals(server);
  const ended = once(server.process, 'close');
  try {
    await prepare(server, target, password);
    console.log(`PostgreSQL (${server.source}) runs at localhost:${port} with the empty database ${database}.`);
    console.log('Ctrl-C stops it and deletes its data.');
    await ended;
    if (!stopping.aborted) throw new Error(`PostgreSQL ended:\n${server.output()}`);
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    server.stop();
    await ended;
    server.remove();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : 'The database could not be started.');
  process.exitCode = 1;
}
