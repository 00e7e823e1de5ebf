import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dangerouslyPublic } from '../src/access/rules.ts';
import { route, type AnyRoute } from '../src/http/route.ts';
import { createUser } from './support/accounts.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { assertProblem, type Answer } from './support/problems.ts';
import { startServer } from './support/server.ts';
import { useTokens } from './support/strategy.ts';

const CANARY = 'CANARY-4f1c';

const failing = (name: string, handle: () => Promise<undefined>): AnyRoute =>
  route({ method: 'get', path: `/fail/${name}`, summary: name, access: dangerouslyPublic('fails on purpose'), status: 204, handle });

/** Throws any value, as careless libraries do. */
function careless(thrown: unknown): () => Promise<undefined> {
  return () => {
    throw thrown;
  };
}

const dressed = (properties: object): Error => Object.assign(new Error(CANARY), properties);

const KINDS: Record<string, () => Promise<undefined>> = {
  error: careless(new Error(CANARY)),
  rejection: () => Promise.reject(new Error(CANARY)),
  text: careless(CANARY),
  null: careless(null),
  undefined: careless(undefined),
  symbol: careless(Symbol(CANARY)),
  frozen: careless(Object.freeze({ message: CANARY })),
  trap: careless(
    new Proxy(
      {},
      {
        get: () => {
          throw new Error(CANARY);
        },
      },
    ),
  ),
  // Libraries mark errors as safe to send; only the problems of this project are.
  exposed: careless(dressed({ status: 400, statusCode: 400, expose: true, body: CANARY, headers: { 'x-canary': CANARY } })),
  teapot: careless(dressed({ status: 418, expose: true })),
  success: careless(dressed({ status: 200, statusCode: 200 })),
  impossible: careless(dressed({ status: 99_999 })),
  hidden: careless(dressed({ code: 'SQLITE_ERROR', sql: `select ${CANARY}`, parameters: [CANARY] })),
  aggregate: careless(new AggregateError([new Error(CANARY)], CANARY, { cause: new Error(CANARY) })),
};

/** Without a database a request gets 500 or 503, depending on the error of the driver. */
function assertFailure(answer: Answer, secrets: readonly string[] = []): void {
  assertProblem(answer, answer.status === 503 ? 503 : 500, answer.status === 503 ? 'overloaded' : 'internal-error', secrets);
}

describe('problems', () => {
  it('any thrown value gets a 500 without details, and the server keeps running', async (t) => {
    const server = await startServer(t);
    const request = await startWithRoutes(
      t,
      server,
      Object.entries(KINDS).map(([name, handle]) => failing(name, handle)),
    );
    for (const name of Object.keys(KINDS)) {
      const answer = await request(`/fail/${name}`);
      assertProblem(answer, 500, 'internal-error', [CANARY]);
      assert.doesNotMatch(JSON.stringify([...answer.headers]), new RegExp(CANARY), name);
      const id = answer.headers.get('x-request-id');
      assert.ok(
        server.logs.some((line) => line.level === 'error' && line['requestId'] === id),
        `${name} is not logged`,
      );
    }
    assert.equal((await request('/healthz')).status, 200);
  });

  it('a 500 has no details in development either', async (t) => {
    const server = await startServer(t, { NODE_ENV: 'development', BCRYPT_COST: '10' });
    const request = await startWithRoutes(t, server, [failing('error', careless(new Error(CANARY)))]);
    assertProblem(await request('/fail/error'), 500, 'internal-error', [CANARY]);
    assertProblem(await request('/nope'), 404, 'not-found');
  });

  it('without the database protected routes and logins get 500 or 503 without details', async (t) => {
    const server = await startServer(t);
    const { email, password, tokens } = await createUser(server);
    await server.services.database.destroy();
    for (const path of ['/api/v1/me', '/api/v1/notes', '/api/v1/users']) {
      assertFailure(await server.request('GET', path, { token: tokens.accessToken }));
    }
    assertFailure(await server.request('POST', '/api/v1/auth/login', { body: { email, password } }), [email, password]);
    for (const answer of await useTokens(server, tokens)) assertFailure(answer);
  });

  it('an error response does not repeat the path or the query', async (t) => {
    const server = await startServer(t);
    for (const path of [`/${CANARY}`, `/%3Cscript%3E${CANARY}`, `/api/v1/notes/${CANARY}`, `/api/v1/me?${CANARY}=${CANARY}`]) {
      const answer = await server.request('GET', path);
      assert.ok(answer.status >= 400);
      assert.ok(!answer.text.includes(CANARY) && !answer.text.includes('script'));
    }
  });
});
