import type { InsertObject } from 'kysely';
import { compiledQuery } from './compiled-query.ts';
import type { CountedHits, DatabaseDriver } from './driver.ts';
import type { RateLimitRow, Schema } from './schema.ts';
import type { Database, UnitOfWork } from './unit-of-work.ts';

/** Operations of a driver whose database has `on conflict` and `returning`. */
export const onConflict: Pick<DatabaseDriver, 'compileHitCount' | 'insertIfNew'> = { insertIfNew, compileHitCount };

async function insertIfNew<Table extends keyof Schema>(unit: UnitOfWork, table: Table, row: InsertObject<Schema, Table>): Promise<boolean> {
  const inserted = unit.insertInto(table).values(row);
  const { numInsertedOrUpdatedRows } = await inserted.onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

function compileHitCount(database: Database): (counted: CountedHits) => Promise<Pick<RateLimitRow, 'hits' | 'resets_at'>[]> {
  return compiledQuery<CountedHits, Pick<RateLimitRow, 'hits' | 'resets_at'>>(database, (bind) =>
    database
      .insertInto('rate_limits')
      .values({ key: bind('key'), hits: bind('hits'), resets_at: bind('resetsAt') })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((eb) => {
          const isOver = () => eb.case().when('rate_limits.resets_at', '<=', bind('now'));
          return {
            hits: isOver()
              .then(bind('hits'))
              .else(eb('rate_limits.hits', '+', bind('hits')))
              .end(),
            resets_at: isOver().then(eb.ref('excluded.resets_at')).else(eb.ref('rate_limits.resets_at')).end(),
          };
        }),
      )
      .returning(['hits', 'resets_at']),
  );
}
