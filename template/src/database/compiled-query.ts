import type { CompiledQuery, Kysely } from 'kysely';
import type { Schema } from './schema.ts';

/** Marks the place of a value in a compiled query. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Builds and compiles a query once; each call only binds its values. For queries that run on every request: building
 * them takes longer than running them.
 *
 * @param build the query; `bind(name)` stands for the value of that name
 */
export function prepared<Values extends object, Row>(
  database: Kysely<Schema>,
  build: (bind: <Name extends keyof Values & string>(name: Name) => Values[Name]) => { compile(): CompiledQuery<Row> },
): (values: Values) => Promise<Row[]> {
  const query = build((name) => new Placeholder(name) as never).compile();
  return async (values) => {
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.name as keyof Values] : parameter,
    );
    const { rows } = await database.executeQuery<Row>({ ...query, parameters });
    return rows;
  };
}
