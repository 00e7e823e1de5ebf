import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import { driver } from '../postgres.ts';
import { inUse, STATEMENT_TIMEOUT_MS } from './end.ts';
import type { AnyDatabase, End, EndOptions } from './end.ts';
import { CopyRefusal } from './table.ts';
import type { FoundColumn, FoundForeignKey } from './table.ts';

/** The server notices only after a moment that a killed program has gone. */
const PATIENCE_MS = 1000;

/** @throws CopyRefusal when another program is connected to the database */
export async function openPostgres({ databaseUrl, log }: EndOptions): Promise<End> {
  const { username, host, pathname } = new URL(databaseUrl);
  const name = `postgresql://${username}@${host}${pathname}`;
  const dialect = driver.createDialect({ databaseUrl, log, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  const database: AnyDatabase = new Kysely({ dialect });
  try {
    if (await isOpenElsewhere(database)) throw new CopyRefusal(inUse(name));
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return { name, database, columns: () => columns(database), foreignKeys: () => foreignKeys(database) };
}

async function isOpenElsewhere(database: AnyDatabase): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { rows } = await sql`
      select 1 from pg_stat_activity
      where datname = current_database() and usesysid is not null and pid <> pg_backend_pid() limit 1`.execute(database);
    if (rows.length === 0) return false;
    if (performance.now() > deadline) return true;
    await delay(100);
  }
}

/** A column that counts by itself has the type serial here: a copied value would not move its counter. */
async function columns(database: AnyDatabase): Promise<FoundColumn[]> {
  const { rows } = await sql<FoundColumn>`
    select relname as "table", attname as "column", coalesce(array_position(indkey::int2[], attnum) + 1, 0) as place,
      case when attidentity <> '' or pg_get_expr(adbin, adrelid) like 'nextval(%' then 'serial'
        else format_type(atttypid, null) end as type
    from pg_class join pg_attribute on attrelid = pg_class.oid
      left join pg_attrdef on adrelid = pg_class.oid and adnum = attnum
      left join pg_index on indrelid = pg_class.oid and indisprimary
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
      and attnum > 0 and not attisdropped
    order by relname`.execute(database);
  return rows;
}

async function foreignKeys(database: AnyDatabase): Promise<FoundForeignKey[]> {
  const { rows } = await sql<FoundForeignKey>`
    select child.relname as "table", parent.relname as parent
    from pg_constraint join pg_class as child on child.oid = conrelid join pg_class as parent on parent.oid = confrelid
    where contype = 'f'`.execute(database);
  return rows;
}
