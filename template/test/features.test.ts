import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { describe } from 'node:test';
import type { Kysely } from 'kysely';
import { migrationsOf, requireTables } from '../src/feature.ts';
import { features } from '../src/features.ts';
import { createAdmin, createUser, type Account, type Answer } from './support/accounts.ts';
import {
  deletionLast,
  FEATURES,
  methodOf,
  operationOf,
  pathOf,
  type FoundFeature,
  type OwnedObjects,
  type RouteAttack,
} from './support/features.ts';
import { assertSameAnswers } from './support/observable.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

type Row = Record<string, unknown>;

/** Tables by name: the attacks do not know which columns a table has. */
const tables = ({ services }: TestServer) => services.database as unknown as Kysely<Record<string, Row>>;

const hasId = (operation: string) => operation.includes('/:');

function call(server: TestServer, { tokens }: Account, method: string, path: string, body?: unknown): Promise<Answer> {
  return server.request(method, path, { token: tokens.accessToken, ...(body === undefined ? {} : { body }) });
}

const stored = (server: TestServer, { table }: OwnedObjects, id: string): Promise<Row | undefined> =>
  tables(server).selectFrom(table).selectAll().where('id', '=', id).executeTakeFirst();

/** Routes by which only the owner of an object may use it. The deletion is last. */
const ownersRoutes = (routes: Readonly<Record<string, RouteAttack>>) =>
  Object.entries(routes)
    .filter(
      ([operation, { caller, adminOnly, dangerouslyShared }]) =>
        hasId(operation) && caller !== 'anyone' && !adminOnly && !dangerouslyShared,
    )
    .sort(deletionLast);

describe('features', () => {
  test('every folder with a feature.ts is listed in src/features.ts and has its attacks in test/features', () => {
    for (const { name, feature, attacks } of FEATURES) {
      assert.ok(features.includes(feature), `src/${name}/feature.ts is not listed in src/features.ts: its routes do not exist`);
      assert.ok(attacks, `src/${name} has no attack tests: copy test/features/notes.ts to test/features/${name}.ts`);
    }
  });

  test('every route with a body has a valid one for the attacks, and every route with an id has an owner or a reason', async (t) => {
    const { services } = await startServer(t);
    for (const { name, feature, attacks } of FEATURES) {
      for (const route of feature.routes(services)) {
        const [operation, place] = [operationOf(route), `test/features/${name}.ts`];
        const attack = attacks?.routes[operation];
        assert.ok(attack, `${operation} has no attack tests: add it to ${place}`);
        assert.equal(
          attack.body !== undefined,
          route.body !== undefined,
          `${operation}: give it a valid body in ${place} if it accepts one`,
        );
      }
      if (ownersRoutes(attacks?.routes ?? {}).length > 0)
        assert.ok(attacks?.objects, `routes of src/${name} take an id: describe the objects in test/features/${name}.ts`);
    }
  });

  test('a migration that is named without a date or like another one stops the start', () => {
    const named = (name: string) => ({ migrations: { [name]: { up: () => Promise.resolve() } } });
    assert.deepEqual(Object.keys(migrationsOf([named('20270131_tasks')])).at(-1), '20270131_tasks');
    for (const name of ['tasks', '0006_tasks', '2027-01-31', '20270131_'])
      assert.throws(() => migrationsOf([named(name)]), {
        message: `The migration "${name}" of a feature must be named like 20270131_tasks.`,
      });
    assert.throws(() => migrationsOf([named('20270131_tasks'), named('20270131_tasks')]), /Two migrations/);
  });

  test('a table of a feature that no migration creates stops the start with its name', async (t) => {
    const { services } = await startServer(t);
    const table = 'forgotten' as 'notes';
    const feature = { ownedByUser: [{ table, key: 'id', owner: 'owner_id', largestRow: 1 } as const] };
    await assert.rejects(requireTables(services.database, [feature]), /"forgotten"/);
  });

  for (const found of FEATURES) attackFeature(found);
});

function attackFeature({ name, feature, attacks }: FoundFeature): void {
  if (!attacks) return;
  const { routes, objects } = attacks;
  if (objects) attackObjects(name, objects, routes);
  const withBody = Object.entries(routes).filter(([, { body, caller }]) => body && caller !== 'anyone');

  test(`${name}: a field that is not declared, such as another owner, gets 400`, async (t) => {
    const server = await startServer(t);
    const [ada, bob] = [await createAdmin(server), await createUser(server)];
    for (const [operation, { body = {} }] of withBody) {
      const foreign = { ownerId: bob.id, owner_id: bob.id, userId: bob.id, id: randomUUID(), createdAt: 1, 'not a field': true };
      for (const [field, value] of Object.entries(foreign)) {
        if (Object.hasOwn(body, field)) continue;
        const answer = await call(server, ada, methodOf(operation), pathOf(operation, randomUUID()), { ...body, [field]: value });
        assert.equal(answer.status, 400, `${operation} with the field ${field}: ${answer.status}`);
      }
    }
  });

  test(`${name}: a body over the limit of its route gets 413`, async (t) => {
    const server = await startServer(t);
    const { tokens } = await createAdmin(server);
    const limits = new Map(feature.routes(server.services).map((route) => [operationOf(route), route.bodyLimit ?? 16_384]));
    for (const [operation, { body }] of withBody) {
      const rawBody = JSON.stringify(body).padEnd((limits.get(operation) ?? 0) + 1);
      const options = { token: tokens.accessToken, rawBody, headers: { 'Content-Type': 'application/json' } };
      const { status } = await server.request(methodOf(operation), pathOf(operation, randomUUID()), options);
      assert.equal(status, 413, `${operation}: ${status} for ${rawBody.length} bytes`);
    }
  });
}

function attackObjects(name: string, objects: OwnedObjects, routes: Readonly<Record<string, RouteAttack>>): void {
  const collection = pathOf(objects.create);
  const add = (server: TestServer, owner: Account) => call(server, owner, 'POST', collection, routes[objects.create]?.body);

  async function create(server: TestServer, owner: Account): Promise<string> {
    const answer = await add(server, owner);
    assert.equal(answer.status, 201, `${objects.create}: ${answer.text}`);
    return (answer.body as { id: string }).id;
  }

  test(`${name}: an object of another user gets the same 404 as an unknown one and is not changed`, async (t) => {
    const server = await startServer(t);
    const [ada, bob, admin] = [await createUser(server), await createUser(server), await createAdmin(server)];
    const id = await create(server, ada);
    const before = await stored(server, objects, id);
    for (const stranger of [bob, admin]) {
      for (const [operation, { body }] of ownersRoutes(routes)) {
        const methods = methodOf(operation) === 'GET' ? ['GET', 'HEAD'] : [methodOf(operation)];
        for (const method of methods) {
          const foreign = await call(server, stranger, method, pathOf(operation, id), body);
          assert.equal(foreign.status, 404, `${operation}: ${foreign.status} for an object of another user`);
          assertSameAnswers([foreign, await call(server, stranger, method, pathOf(operation, randomUUID()), body)]);
        }
        assert.deepEqual(await stored(server, objects, id), before, `${operation}: changed an object of another user`);
      }
    }
    for (const [operation, { body }] of ownersRoutes(routes)) {
      const own = await call(server, ada, methodOf(operation), pathOf(operation, id), body);
      assert.ok(own.status < 300, `${operation}: ${own.status} for the owner, so the attacks on it prove nothing`);
    }
  });

  test(`${name}: a route with an id reads, changes and deletes that object only, and no other of its owner`, async (t) => {
    const server = await startServer(t);
    const ada = await createUser(server);
    const [first, id, last] = [await create(server, ada), await create(server, ada), await create(server, ada)];
    const others = () => Promise.all([first, last].map((other) => stored(server, objects, other)));
    const before = await others();
    for (const [operation, { body }] of ownersRoutes(routes)) {
      const { status, text } = await call(server, ada, methodOf(operation), pathOf(operation, id), body);
      assert.deepEqual(await others(), before, `${operation} with one id changed another object`);
      assert.ok(status < 300, `${operation}: ${status}`);
      if (operation === `GET ${collection}/:id`) assert.ok(text.includes(id), `${operation} shows another object`);
    }
  });

  test(`${name}: a list contains only own objects, also with the cursor of another user or their id in the query`, async (t) => {
    if (!routes[`GET ${collection}`]) return;
    const server = await startServer(t);
    const [ada, bob] = [await createUser(server), await createUser(server)];
    const ids = [await create(server, ada), await create(server, ada), await create(server, ada)];
    const mine = await create(server, bob);
    const page = (reader: Account, query: string) => call(server, reader, 'GET', `${collection}${query}`);
    const first = await page(ada, '?limit=1');
    assert.ok(ids.some((id) => first.text.includes(id)));
    const { nextCursor } = first.body as { nextCursor: string };
    assert.ok((await page(bob, '')).text.includes(mine));
    for (const query of ['', `?cursor=${nextCursor}`]) {
      const { status, text } = await page(bob, query);
      assert.equal(status, 200);
      for (const id of ids) assert.ok(!text.includes(id), `GET ${collection}${query} shows objects of another user`);
    }
    for (const query of [`?ownerId=${ada.id}`, `?owner_id=${ada.id}`]) assert.equal((await page(bob, query)).status, 400);
  });

  test(`${name}: of thirty parallel requests for the last ten places of the quota ten get 201, and deleting makes room`, async (t) => {
    const server = await startServer(t);
    const [ada, bob] = [await createUser(server), await createUser(server)];
    const id = await create(server, ada);
    const row = await stored(server, objects, id);
    const copies = Array.from({ length: objects.quota - 11 }, () => ({ ...row, id: randomUUID() }));
    for (let at = 0; at < copies.length; at += 1000)
      await tables(server)
        .insertInto(objects.table)
        .values(copies.slice(at, at + 1000))
        .execute();
    const answers = await Promise.all(Array.from({ length: 30 }, () => add(server, ada)));
    const refused = answers.filter(({ status }) => status !== 201);
    assert.equal(refused.length, 20, `${answers.length - refused.length} of 30 were created`);
    for (const answer of refused) assertProblem(answer, 409, objects.overQuota);
    await create(server, bob);
    const removal = Object.keys(routes).find((operation) => operation === `DELETE ${collection}/:id`);
    if (removal === undefined) return;
    assert.equal((await call(server, ada, 'DELETE', pathOf(removal, id))).status, 204);
    assert.equal((await add(server, ada)).status, 201);
    assertProblem(await add(server, ada), 409, objects.overQuota);
  });
}
