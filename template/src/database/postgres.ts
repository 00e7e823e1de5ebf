import { createHash } from 'node:crypto';
import type { Dialect, Kysely, Transaction } from 'kysely';
import { PostgresAdapter, PostgresDialect, sql } from 'kysely';
import { Pool, types } from 'pg';
import type { PoolClient } from 'pg';
import { isPrivateHost } from '../network/private-host.ts';
import type { DatabaseDriver, DatabaseOptions } from './driver.ts';
import { onConflict } from './on-conflict.ts';
import { grantAccess, requireLimitedAccount } from './postgres-accounts.ts';
import type { Schema } from './schema.ts';

/** SQLSTATE codes of a server that is not available now. Source: PostgreSQL manual, appendix A. */
const UNAVAILABLE = /^(?:08|53|57P0[1-5]|57014|55P03|25P03|40001|40P01)/;
const LOST = /^E(?:CONN|HOST|NET|PIPE|TIMEDOUT)|^ENOTFOUND$|^EAI_AGAIN$/;
/** Messages of driver errors that have no code. */
const LOST_MESSAGE = /timeout exceeded when trying to connect|^Connection terminated|^Client has encountered a connection error/;

/** Maximum number of statements that a connection prepares: each takes memory of the database server. */
const PREPARED_STATEMENTS = 200;
/** The result of a prepared statement changed, because a migration changed its table. */
const OUTDATED = '0A000';

async function lockName(transaction: Transaction<Schema>, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(transaction);
}

/** A failed attempt to connect. The message names the setting and the address, never the password. */
class ConnectionError extends Error {
  constructor({ host, hostname }: URL, cause: Error) {
    const code = codeOf(cause);
    const hint = code === 'ECONNREFUSED' && isPrivateHost(hostname) ? ' In development, "npm run db" starts one.' : '';
    super(`DATABASE_URL: no connection to PostgreSQL at ${host}: ${code === 'ECONNREFUSED' ? code : cause.message || code}.${hint}`, {
      cause,
    });
  }
}

const codeOf = (error: Error) => ('code' in error ? String(error.code) : '');

/** Certificates are verified with the root certificates of Node.js; add a private one with NODE_EXTRA_CA_CERTS. */
function encryption(url: URL): { rejectUnauthorized: true } | false {
  const asked = url.searchParams.get('sslmode');
  return asked === 'verify-full' || (asked === null && !isPrivateHost(url.hostname)) ? { rejectUnauthorized: true } : false;
}

const getTypeParser: typeof types.getTypeParser = (oid, format) =>
  oid === types.builtins.INT8 ? Number : (types.getTypeParser(oid, format) as unknown);

/** Does nothing in other databases: copy-data migrates them too. */
async function makeVolatile(database: Kysely<unknown>, table: string): Promise<void> {
  if (database.getExecutor().adapter instanceof PostgresAdapter) await sql`alter table ${sql.table(table)} set unlogged`.execute(database);
}

/**
 * Names statements, so that each connection parses and plans them once. Lists of different lengths make different
 * statements: clients must not be able to fill the memory of the database server with them, so the others have no name.
 */
function createStatementNames(): { of(text: string): string | undefined; remove(text: string): void } {
  const names = new Map<string, string | undefined>();
  return {
    of: (text) => {
      if (!names.has(text) && names.size < PREPARED_STATEMENTS) names.set(text, createHash('sha256').update(text).digest('base64url'));
      return names.get(text);
    },
    remove: (text) => names.set(text, undefined),
  };
}

/** Statements without parameters (`begin`, migrations) stay unnamed: preparing them saves nothing. */
function prepareStatements(client: PoolClient, names: ReturnType<typeof createStatementNames>): void {
  const send = client.query.bind(client);
  const query = async (text: string, values: unknown[]) => {
    try {
      return await send(values.length > 0 ? { name: names.of(text), text, values } : { text });
    } catch (error) {
      if (error instanceof Error && codeOf(error) === OUTDATED) names.remove(text);
      throw error;
    }
  };
  Object.assign(client, { query });
}

/** Opens no connection yet: the pool does when queries need one. */
function createDialect({ databaseUrl, log, statementTimeoutMs = 5000 }: DatabaseOptions): Dialect {
  const url = new URL(databaseUrl);
  const pool = new Pool({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ssl: encryption(url),
    max: 10,
    connectionTimeoutMillis: Number(url.searchParams.get('connect_timeout') ?? 2) * 1000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: Math.min(2000, statementTimeoutMs),
    idle_in_transaction_session_timeout: 10_000,
    // bigint columns hold milliseconds, which fit into a number for 285,000 years. The parser is for this pool only.
    types: { getTypeParser },
  });
  // Without listeners for `error`, a restart of the database server would end this process.
  const report = (error: Error) => {
    log.error('database_connection_lost', { error });
  };
  pool.on('error', report);
  const names = createStatementNames();
  pool.on('connect', (client) => {
    client.on('error', report);
    prepareStatements(client, names);
  });
  const connect = () =>
    pool.connect().catch((error: unknown) => {
      throw error instanceof Error ? new ConnectionError(url, error) : error;
    });
  return new PostgresDialect({ pool: { options: pool.options, connect, end: () => pool.end() } });
}

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ConnectionError) return isUnavailable(error.cause);
  const code = codeOf(error);
  return code ? UNAVAILABLE.test(code) || LOST.test(code) : LOST_MESSAGE.test(error.message);
}

export const driver: DatabaseDriver = {
  supportsRowLocks: true,
  createDialect,
  isUnavailable,
  lockName,
  grantAccess,
  requireLimitedAccount,
  makeVolatile,
  ...onConflict,
};
