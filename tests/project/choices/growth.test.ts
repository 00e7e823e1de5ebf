import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

// Scaffold runs this file in a rendered project: it checks the tables that the template starts with.
const ROOT = process.cwd();
const { startServer } = await import(join(ROOT, 'test/support/server.ts'));
const { FEATURES } = await import(join(ROOT, 'test/support/features.ts'));

test('docs/operations.md says what bounds each table that belongs to no feature', async (t) => {
  const { services } = await startServer(t);
  const tables: { name: string }[] = await services.database.introspection.getTables();
  const ofFeatures: string[] = FEATURES.flatMap(({ feature }: { feature: { ownedByUser: { table: string }[] } }) =>
    feature.ownedByUser.map(({ table }) => table),
  );
  const lines = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8').match(/^\| `\w+`/gm) ?? [];
  const documented = lines.map((line) => line.slice('| `'.length, -1));
  const missing = tables.map(({ name }) => name).filter((name) => !ofFeatures.includes(name) && !documented.includes(name));
  assert.ok(tables.length > ofFeatures.length);
  assert.deepEqual(missing, []);
});
