import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import type { Principal } from '../src/access/principal.ts';
import { dangerouslyPublic } from '../src/access/rules.ts';
import { route } from '../src/http/route.ts';
import { createNotes } from '../src/notes/store.ts';
import { createUser, type Account } from './support/accounts.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { assertProblem } from './support/problems.ts';
import { startServer, type TestServer } from './support/server.ts';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly description?: string }>>;
}

async function countNotes({ services }: TestServer, { id }: Account): Promise<number> {
  return (await services.database.selectFrom('notes').select('id').where('owner_id', '=', id).execute()).length;
}

test('a request that was authorised before its account was disabled adds no note', async (t) => {
  const server = await startServer(t);
  const ada = await createUser(server);
  const { clock, database } = server.services;
  const principal: Principal = { userId: ada.id, sessionId: randomUUID(), role: 'user', authenticatedAt: clock() };
  await database.updateTable('users').set({ disabled_at: 1 }).where('id', '=', ada.id).execute();
  const late = route({
    method: 'get',
    path: '/late',
    summary: 'Adds a note for a caller who was authorised before',
    access: dangerouslyPublic('the test is the authorisation'),
    status: 204,
    handle: async () => {
      await createNotes(database, clock).create(principal, { title: 'late', body: '' });
      return undefined;
    },
  });
  const request = await startWithRoutes(t, server, [late]);
  assertProblem(await request('/late'), 401, 'invalid-token');
  assert.equal(await countNotes(server, ada), 0);
});

test('the API document says which operations answer 409, and with which codes', async (t) => {
  const server = await startServer(t);
  const { paths } = (await server.request('GET', '/openapi.json')).body as { paths: Record<string, Record<string, Operation>> };
  const declared = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      responses['409'] ? [`${method} ${path}: ${responses['409'].description}`] : [],
    ),
  );
  assert.ok(declared.includes('post /api/v1/notes: Conflict: too-many-notes'), declared.join('\n'));
  assert.ok(declared.includes('delete /api/v1/me: Conflict: last-admin'), declared.join('\n'));
});
