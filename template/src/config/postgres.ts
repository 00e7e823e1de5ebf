import { z } from 'zod';
import { isPrivateHost } from '../network/private-host.ts';

const SHAPE =
  'must look like postgresql://user:password@host:5432/database, optionally with sslmode (verify-full, disable) or connect_timeout (1 to 60)';
const PROVEN = 'must not contain sslmode=disable: the host is neither this machine nor a service of its private network';

/**
 * Other parameters of the URL could override the limits of the connection pool, so they are refused.
 * Source: PostgreSQL manual, "Parameter Key Words".
 */
const PARAMETERS = new Map([
  ['sslmode', /^(?:verify-full|disable)$/],
  ['connect_timeout', /^(?:[1-9]|[1-5]\d|60)$/],
]);

function hasParameters({ searchParams }: URL): boolean {
  const names = new Set(searchParams.keys());
  return names.size === searchParams.size && [...searchParams].every(([name, value]) => PARAMETERS.get(name)?.test(value));
}

function hasShape(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol) || !url.username || !url.hostname || url.pathname.length < 2) return false;
  return !url.hash && hasParameters(url);
}

/** Without TLS only where nobody can read the traffic: on this machine or in its private network. */
function isProven(text: string): boolean {
  const url = new URL(text);
  return url.searchParams.get('sslmode') !== 'disable' || isPrivateHost(url.hostname);
}

const address = () => z.string({ error: SHAPE }).refine(hasShape, { error: SHAPE, abort: true }).refine(isProven, { error: PROVEN });

export const databaseSettings = {
  /** The account of the service: it reads and writes rows, nothing else. */
  DATABASE_URL: address(),
  /** The account that owns the tables and changes them. Only migrations use it. */
  MIGRATION_DATABASE_URL: address().optional(),
};

interface Addresses {
  readonly databaseUrl: string;
  readonly migrationDatabaseUrl?: string | undefined;
}

/** The database as migrations reach it. Default: with the account of the service. */
export const migrationUrl = ({ databaseUrl, migrationDatabaseUrl }: Addresses): string => migrationDatabaseUrl ?? databaseUrl;
