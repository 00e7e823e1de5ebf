import type { SelectQueryBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Schema } from './schema.ts';

/** A page begins after this row, newest first. */
export interface Position {
  readonly createdAt: number;
  readonly id: string;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: Position | undefined;
}

type Listed = { [Table in keyof Schema]: Schema[Table] extends { id: string; created_at: number } ? Table : never }[keyof Schema];

/** Newest first, one row more than the limit (see `toPage`). */
export function newestFirst<Table extends Listed, Row>(query: SelectQueryBuilder<Schema, Table, Row>, { limit, cursor }: PageRequest) {
  const createdAt = sql.ref<number>('created_at');
  const id = sql.ref<string>('id');
  const newest = query
    .orderBy(createdAt, 'desc')
    .orderBy(id, 'desc')
    .limit(limit + 1);
  return cursor ? newest.where(sql<boolean>`(${createdAt}, ${id}) < (${cursor.createdAt}, ${cursor.id})`) : newest;
}
