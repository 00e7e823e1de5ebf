import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Dialect, SqliteDialectConfig } from 'kysely';
import { SqliteAdapter, SqliteDialect } from 'kysely';
import type { DatabaseDriver, DatabaseOptions } from './driver.ts';
import { onConflict } from './on-conflict.ts';
import { CachingDatabase } from './sqlite-statements.ts';
import { TurnTakingDriver } from './sqlite-turns.ts';

const SCHEME = 'file:';
const OPENING_TIMEOUT_MS = 2000;

/** Primary result codes of a database that is not available now. Source: https://sqlite.org/rescode.html */
const UNAVAILABLE = new Set([5 /* busy */, 6 /* locked */, 10 /* i/o */, 13 /* full */, 14 /* cannot open */]);

/** DDL is transactional: a migration that fails half-way, or runs in two processes at once, leaves no partial changes. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  /** The driver orders callers itself, so that a writer that waits for another process does not block readers. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class NodeSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createAdapter(): TransactionalAdapter {
    return new TransactionalAdapter();
  }

  override createDriver(): TurnTakingDriver {
    return new TurnTakingDriver(this.#config);
  }
}

/** Other users of the machine must not read password hashes: folder 0700, file 0600 (-wal and -shm get the same mode). */
function createPrivately(path: string): void {
  /* eslint-disable security/detect-non-literal-fs-filename -- the operator names the file, nobody else can */
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  /* eslint-enable security/detect-non-literal-fs-filename */
}

/** @throws Error when the file cannot be opened or is not a database */
function createDialect({ databaseUrl }: DatabaseOptions): Dialect {
  const path = databaseUrl.slice(SCHEME.length);
  createPrivately(path);
  const database = new DatabaseSync(path, { timeout: OPENING_TIMEOUT_MS, defensive: true, enableForeignKeyConstraints: true });
  database.exec('pragma journal_mode = wal; pragma synchronous = full');
  // A schema planted in the file must not run functions, and deleted rows must not stay readable in the file.
  database.exec('pragma trusted_schema = off; pragma secure_delete = on');
  // From now on the driver waits for locks: SQLite's own wait would block every request.
  database.exec('pragma busy_timeout = 0');
  return new NodeSqliteDialect({ database: new CachingDatabase(database) });
}

function isUnavailable(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
  // The low byte is the primary code.
  return UNAVAILABLE.has(code & 0xff);
}

export const driver: DatabaseDriver = {
  // A transaction locks the whole database for writing when it begins (see `prepare`), so rows need no locks.
  supportsRowLocks: false,
  createDialect,
  isUnavailable,
  // For the same reason names need no locks.
  lockName: () => Promise.resolve(),
  ...onConflict,
  // A file has no accounts.
  grantAccess: () => Promise.resolve(),
  requireLimitedAccount: () => Promise.resolve(),
  // `CachingDatabase` decides for each statement.
  makeVolatile: () => Promise.resolve(),
};
