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
 * Gives the one connection to the file to one caller after the other, in the order in which they came. SQLite itself
 * would sleep on the only thread until another process gives its lock back; here everybody else goes on meanwhile.
 */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Does the work when it is its turn, and again for as long as another process holds the lock.
   *
   * @returns what the work returns, and what ends the turn
   * @throws Error of the work; "database is locked" after two seconds
   */
  async take<T>(work: () => Promise<T>): Promise<{ result: T; end: () => void }> {
    const deadline = performance.now() + LOCK_PATIENCE_MS;
    for (;;) {
      const end = await this.#next();
      try {
        return { result: await work(), end };
      } catch (error) {
        end();
        if (!isLocked(error) || performance.now() > deadline) throw error;
      }
      await delay(LOCK_POLL_MS);
    }
  }

  async #next(): Promise<() => void> {
    const turn = Promise.withResolvers<undefined>();
    const before = this.#last;
    this.#last = turn.promise;
    await before;
    return () => { turn.resolve(undefined); };
  }
}

/** A caller's hold on the connection: for one statement, or for as long as a transaction lasts. */
class TurnTakingConnection implements DatabaseConnection {
  readonly #file: DatabaseConnection;
  readonly #turns: Turns;
  #endTransaction: (() => void) | undefined;

  constructor(file: DatabaseConnection, turns: Turns) {
    this.#file = file;
    this.#turns = turns;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#endTransaction) return this.#file.executeQuery<Row>(query);
    const { result, end } = await this.#turns.take(() => this.#file.executeQuery<Row>(query));
    end();
    return result;
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncGenerator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }

  async begin(begin: () => Promise<void>): Promise<void> {
    const { end } = await this.#turns.take(begin);
    this.#endTransaction = end;
  }

  end(): void {
    this.#endTransaction?.();
    this.#endTransaction = undefined;
  }
}

/** Kysely's own driver, with turns for callers instead of one long wait for a lock. */
export class TurnTakingDriver extends SqliteDriver {
  readonly #turns = new Turns();

  override async acquireConnection(): Promise<TurnTakingConnection> {
    return new TurnTakingConnection(await super.acquireConnection(), this.#turns);
  }

  override async beginTransaction(connection: TurnTakingConnection): Promise<void> {
    const file = await super.acquireConnection();
    await connection.begin(() => super.beginTransaction(file));
  }

  /** Kysely releases a connection at the end of each transaction, whatever has become of it. */
  override releaseConnection(connection?: DatabaseConnection): Promise<void> {
    if (connection instanceof TurnTakingConnection) connection.end();
    return Promise.resolve();
  }
}
