import type { Dialect, Transaction } from 'kysely';
import { PostgresDialect, sql } from 'kysely';
import { Pool, types } from 'pg';
import { z } from 'zod';
import { isPrivateHost } from '../private-network.ts';
import type { DatabaseOptions } from './connection.ts';
import type { Schema } from './schema.ts';

/** SQLSTATE codes of a server that is not available now. Source: PostgreSQL manual, appendix A. */
const UNAVAILABLE = /^(?:08|53|57P0[1-5]|57014|55P03|25P03|40001|40P01)/;
const LOST = /^E(?:CONN|HOST|NET|PIPE|TIMEDOUT)|^ENOTFOUND$|^EAI_AGAIN$/;
/** Messages of driver errors that have no code. */
const LOST_MESSAGE = /timeout exceeded when trying to connect|^Connection terminated|^Client has encountered a connection error/;

const SHAPE = 'must look like postgresql://user:password@host:5432/database, optionally with sslmode=verify-full or disable';
const PROVEN = 'must not contain sslmode=disable: the host is neither this machine nor a service of its private network';

/** Parameters of the URL could override the limits below, so all but sslmode are refused. */
function hasShape(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol) || !url.username || !url.hostname || url.pathname.length < 2) return false;
  return !url.hash && /^(?:\?sslmode=(?:verify-full|disable))?$/.test(url.search);
}

/** Without TLS only where nobody can read the traffic: on this machine or in its private network. */
const isProven = (text: string) => !text.endsWith('sslmode=disable') || isPrivateHost(new URL(text).hostname);

export const databaseSettings = {
  DATABASE_URL: z.string({ error: SHAPE }).refine(hasShape, { error: SHAPE, abort: true }).refine(isProven, { error: PROVEN }),
};

/** Whether a query that decides about a write must lock the rows it reads. */
export const LOCKS_ROWS = true;

/** Locks a name until the transaction ends: others with the same name wait. For things that have no row to lock. */
export async function lockName(transaction: Transaction<Schema>, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(transaction);
}

/** Certificates are verified with the root certificates of Node.js; add a private one with NODE_EXTRA_CA_CERTS. */
function encryption(url: URL): { rejectUnauthorized: true } | false {
  const asked = url.searchParams.get('sslmode');
  return asked === 'verify-full' || (asked === null && !isPrivateHost(url.hostname)) ? { rejectUnauthorized: true } : false;
}

const getTypeParser: typeof types.getTypeParser = (oid, format) =>
  oid === types.builtins.INT8 ? Number : (types.getTypeParser(oid, format) as unknown);

/** Opens no connection yet: the pool does when queries need one. */
export function openDialect({ databaseUrl, log, statementTimeoutMs = 5000 }: DatabaseOptions): Dialect {
  const url = new URL(databaseUrl);
  const pool = new Pool({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 5432),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ssl: encryption(url),
    max: 10,
    connectionTimeoutMillis: 2000,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: Math.min(2000, statementTimeoutMs),
    idle_in_transaction_session_timeout: 10_000,
    // bigint columns hold milliseconds, which fit into a number for 285,000 years. The parser is for this pool only.
    types: { getTypeParser },
  });
  // Without listeners for `error`, a restart of the database server would end this process.
  const report = (error: Error) => { log.error('database_connection_lost', { error }); };
  pool.on('error', report);
  pool.on('connect', (client) => client.on('error', report));
  return new PostgresDialect({ pool });
}

/** Whether the error means that the database is not available now, not that the query is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return code ? UNAVAILABLE.test(code) || LOST.test(code) : LOST_MESSAGE.test(error.message);
}
