import { setTimeout as delay } from 'node:timers/promises';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { SqliteDriver } from 'kysely';

/** Longest wait for the write lock of another process, in milliseconds. */
const LOCK_PATIENCE_MS = 2000;
const LOCK_POLL_MS = 20;

/** Primary result code "another connection holds the lock". Source: https://sqlite.org/rescode.html */
const BUSY = 5;

const isLocked = (error: unknown) => error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === BUSY;

/**
 * Gives the single connection to one caller at a time, in the order in which they ask. If another process holds the
 * write lock, SQLite itself would block the thread until it is released; here other requests continue meanwhile.
 */
class Turns {
  #isTaken = false;
  readonly #waiting: (() => void)[] = [];

  /**
   * Runs the work when its turn comes, and again while another process holds the lock. The turn lasts until `end`.
   *
   * @throws Error of the work, which ends the turn; "database is locked" after two seconds
   */
  async take<T>(work: () => Promise<T>): Promise<T> {
    let deadline = Infinity;
    for (;;) {
      if (this.#isTaken)
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      this.#isTaken = true;
      try {
        return await work();
      } catch (error) {
        this.end();
        if (!isLocked(error) || performance.now() > deadline) throw error;
      }
      deadline = Math.min(deadline, performance.now() + LOCK_PATIENCE_MS);
      await delay(LOCK_POLL_MS);
    }
  }

  /** Gives the turn to the caller that has waited longest; a new caller cannot overtake it. */
  end(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#isTaken = false;
  }
}

/** The connection as a caller uses it: for one statement, or until its transaction ends. */
class TurnTakingConnection implements DatabaseConnection {
  readonly #file: DatabaseConnection;
  readonly #turns: Turns;
  #isInTransaction = false;

  constructor(file: DatabaseConnection, turns: Turns) {
    this.#file = file;
    this.#turns = turns;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#isInTransaction) return this.#file.executeQuery<Row>(query);
    const result = await this.#turns.take(() => this.#file.executeQuery<Row>(query));
    this.#turns.end();
    return result;
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncGenerator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }

  async begin(begin: () => Promise<void>): Promise<void> {
    await this.#turns.take(begin);
    this.#isInTransaction = true;
  }

  end(): void {
    if (!this.#isInTransaction) return;
    this.#isInTransaction = false;
    this.#turns.end();
  }
}

/** Kysely's SQLite driver, in which callers take turns instead of blocking the thread for a lock. */
export class TurnTakingDriver extends SqliteDriver {
  readonly #turns = new Turns();
  readonly #idle: TurnTakingConnection[] = [];

  override async acquireConnection(): Promise<TurnTakingConnection> {
    return this.#idle.pop() ?? new TurnTakingConnection(await super.acquireConnection(), this.#turns);
  }

  override async beginTransaction(connection: TurnTakingConnection): Promise<void> {
    const file = await super.acquireConnection();
    await connection.begin(() => super.beginTransaction(file));
  }

  /** Kysely releases the connection at the end of each transaction, after a commit, a rollback or an error. */
  override releaseConnection(connection?: DatabaseConnection): Promise<void> {
    if (connection instanceof TurnTakingConnection) {
      connection.end();
      this.#idle.push(connection);
    }
    return Promise.resolve();
  }
}
