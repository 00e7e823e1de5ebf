import type { Log } from '../../observability/log.ts';
import type { End, EndOptions } from './end.ts';
import { openPostgres } from './postgres-end.ts';
import { openSqlite } from './sqlite-end.ts';

export interface Addresses {
  readonly from: string;
  readonly to: string;
  /** Whether a destination that is a file is created if it is missing. */
  readonly mayCreate: boolean;
  readonly log: Log;
}

/**
 * Opens both databases, and closes them after the work.
 *
 * @throws CopyRefusal when another program uses one of them, or a file is missing
 */
export function withEnds<T>({ from, to, mayCreate, log }: Addresses, work: (from: End, to: End) => Promise<T>): Promise<T> {
  return withEnd({ databaseUrl: from, log, mayCreate: false }, (source) =>
    withEnd({ databaseUrl: to, log, mayCreate }, (destination) => work(source, destination)),
  );
}

async function withEnd<T>(options: EndOptions, work: (end: End) => Promise<T>): Promise<T> {
  const end = options.databaseUrl.startsWith('file:') ? openSqlite(options) : await openPostgres(options);
  try {
    return await work(end);
  } finally {
    await end.database.destroy();
  }
}
