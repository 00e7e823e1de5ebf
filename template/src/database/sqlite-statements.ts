import type { DatabaseSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

const CACHED_STATEMENTS = 200;

/** A lost count changes nothing for an attacker who needs a power failure for it; a lost sign-out would. */
const WRITES_COUNTS = /^(?:insert into|update|delete from) "rate_limits" /;

/** Adapts the SQLite of Node.js to the interface of Kysely. Each statement is compiled once. */
export class CachingDatabase implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): SqliteStatement {
    // Lock at the beginning: between a first read and a later lock a second process could write.
    return this.#statements.get(sql) ?? this.#compile(sql === 'begin' ? 'begin immediate' : sql, sql);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #compile(sql: string, key: string): SqliteStatement {
    const compiled = this.#database.prepare(sql);
    const bind = (parameters: readonly unknown[]) => parameters as Parameters<typeof compiled.all>;
    // On a full disk SQLite rolls back by itself. A second rollback would fail, and its error would hide the first one.
    const isOver = () => sql === 'rollback' && !this.#database.isTransaction;
    const commit: <T>(run: () => T) => T = WRITES_COUNTS.test(sql) ? (run) => this.#withoutWaiting(run) : (run) => run();
    const statement: SqliteStatement = {
      reader: compiled.columns().length > 0,
      all: (parameters) => commit(() => compiled.all(...bind(parameters))),
      run: (parameters) => (isOver() ? { changes: 0, lastInsertRowid: 0 } : commit(() => compiled.run(...bind(parameters)))),
      iterate: (parameters) => compiled.iterate(...bind(parameters)),
    };
    // Lists of different lengths make different statements: clients must not be able to fill the memory with them.
    if (this.#statements.size >= CACHED_STATEMENTS) this.#statements.clear();
    this.#statements.set(key, statement);
    return statement;
  }

  /**
   * Commits without waiting for the disk. After a power failure the last counts can be missing; the file stays consistent.
   * A transaction waits for the disk when it commits, because it may write more than counts.
   */
  #withoutWaiting<T>(run: () => T): T {
    if (this.#database.isTransaction) return run();
    this.#database.exec('pragma synchronous = normal');
    try {
      return run();
    } finally {
      this.#database.exec('pragma synchronous = full');
    }
  }
}
