import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createUser } from './support/accounts.ts';
import { assertProblem } from './support/problems.ts';
import { startServer } from './support/server.ts';
import { FIELDS } from './support/strategy.ts';

const NOTES = '/api/v1/notes';

describe('input', () => {
  it('a query parameter that is sent twice gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    for (const query of ['limit=1&limit=100', 'limit[]=1', 'limit[0]=1', 'limit=1&limit[]=2', 'limit=1,2']) {
      const answer = await server.request('GET', `${NOTES}?${query}`, { token: tokens.accessToken });
      assertProblem(answer, 400, 'invalid-request');
    }
  });

  it('a nested query parameter such as filter[$ne] gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    for (const query of [
      'filter[$ne]=1',
      'limit[$gt]=1',
      'cursor[constructor][prototype][x]=1',
      '__proto__[limit]=1',
      '__proto__=1',
      '$where=1',
    ]) {
      const answer = await server.request('GET', `${NOTES}?${query}`, { token: tokens.accessToken });
      assertProblem(answer, 400, 'invalid-request');
    }
  });

  it('a limit that is not a whole number from 1 to 100 gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    for (const limit of ['0', '101', '-1', '1e9', '1e1', 'NaN', 'Infinity', '1.5', '', '%20', '0x10', '१', '10;drop', '9'.repeat(400)]) {
      const answer = await server.request('GET', `${NOTES}?limit=${limit}`, { token: tokens.accessToken });
      const problem = assertProblem(answer, 400, 'invalid-request');
      assert.equal(problem.errors?.[0]?.path, 'query.limit', limit);
    }
  });

  it('an unknown field in the body or the query gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const token = tokens.accessToken;
    const inBody = await server.request('POST', NOTES, { token, body: { title: 'a', body: '', ownerId: 'CANARY' } });
    assert.equal(assertProblem(inBody, 400, 'invalid-request', ['CANARY']).errors?.length, 1);
    assertProblem(await server.request('GET', `${NOTES}?debug=CANARY`, { token }), 400, 'invalid-request', ['CANARY']);
    assertProblem(await server.request('GET', '/api/v1/me?fields=CANARY', { token }), 400, 'invalid-request', ['CANARY']);
  });

  it('a 400 names every wrong field with its rule and does not repeat the input', async (t) => {
    const server = await startServer(t);
    const body = { email: 'CANARY', password: ['CANARY'], CANARY: 1 };
    const answer = await server.request('POST', '/api/v1/auth/login', { body });
    const problem = assertProblem(answer, 400, 'invalid-request', ['CANARY']);
    const paths = problem.errors?.map(({ path }) => path) ?? [];
    assert.ok(paths.includes('body.email') && paths.includes('body.password'), answer.text);
  });

  it('a wrong type in any field of a body is refused and never gets 500', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const routes: [string, string, string[]][] = [
      ['POST', '/api/v1/auth/register', ['email']],
      ['POST', '/api/v1/auth/verify-email', ['token', 'password']],
      ['POST', '/api/v1/auth/login', ['email', 'password']],
      ...FIELDS.map(([path, field]): [string, string, string[]] => ['POST', path, [field]]),
      ['POST', '/api/v1/auth/password/forgot', ['email']],
      ['POST', '/api/v1/auth/password/reset', ['token', 'password']],
      ['POST', '/api/v1/auth/password/change', ['currentPassword', 'newPassword']],
      ['PATCH', '/api/v1/me', ['displayName']],
      ['POST', NOTES, ['title', 'body']],
    ];
    for (const [method, path, fields] of routes) {
      for (const value of [null, 1, true, {}, [], [''], { $gt: '' }, { toString: 1 }, '\u0000', 'a'.repeat(7000)]) {
        const body = Object.fromEntries(fields.map((field) => [field, value]));
        const answer = await server.request(method, path, { token: tokens.accessToken, body });
        // Any short text has the form of a token, so it gets the response for a wrong token.
        const { code } = JSON.parse(answer.text) as { code: string };
        if (code === 'invalid-token') assert.ok([400, 401].includes(answer.status));
        else assertProblem(answer, 400, 'invalid-request');
      }
    }
  });

  it('a name with an invisible or bidirectional character gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    for (const character of ['\u202e', '\u2066', '\u200f', '\u0000', '\u001b', '\u0085', '\u2028', '\ufeff']) {
      const body = { displayName: `Alex${character}nimda` };
      const answer = await server.request('PATCH', '/api/v1/me', { token: tokens.accessToken, body });
      assertProblem(answer, 400, 'invalid-request');
    }
  });

  it('a text with 31 combining marks in a row gets 400 before it is normalised', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const token = tokens.accessToken;
    const rename = (displayName: string) => server.request('PATCH', '/api/v1/me', { token, body: { displayName } });
    const problem = assertProblem(await rename(`Z${'\u0301'.repeat(31)}`), 400, 'invalid-request');
    assert.deepEqual(problem.errors, [{ path: 'body.displayName', rule: 'too-many-marks' }]);
    assert.equal((await rename(`Z${'\u0301'.repeat(30)} ${'\u0316'.repeat(30)}`)).status, 200);
    const body = `a${'\u0301'.repeat(9_999)}${'\u0316'.repeat(9_999)}`;
    assertProblem(await server.request('POST', NOTES, { token, body: { title: 'a', body } }), 400, 'invalid-request');
  });

  it('a text far over its limit gets one error: its characters are not looked at', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const marked = `a${'\u0301'.repeat(400)}`;
    const note = await server.request('POST', NOTES, { token: tokens.accessToken, body: { title: marked } });
    assert.deepEqual(assertProblem(note, 400, 'invalid-request').errors, [{ path: 'body.title', rule: 'at-most-400' }]);
    const body = { email: 'a'.repeat(321), password: 'an unusual long password' };
    const login = await server.request('POST', '/api/v1/auth/login', { body });
    assert.deepEqual(assertProblem(login, 400, 'invalid-request').errors, [{ path: 'body.email', rule: 'at-most-320' }]);
  });

  it('a name with decomposed letters is stored in Unicode normal form C', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const answer = await server.request('PATCH', '/api/v1/me', { token: tokens.accessToken, body: { displayName: 'Rene\u0301' } });
    assert.equal((answer.body as { displayName: string }).displayName, 'Ren\u00e9');
  });

  it('an id that is not a UUID gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    for (const id of ['1', "1'--", '..%2f..%2fetc%2fpasswd', '%00', 'null', '00000000-0000-0000-0000-00000000000g', '%F0%9F%98%80']) {
      const answer = await server.request('GET', `${NOTES}/${id}`, { token: tokens.accessToken });
      assertProblem(answer, 400, 'invalid-request');
    }
  });

  it('invalid input is logged as input_validation_fail without its content', async (t) => {
    const server = await startServer(t);
    await server.request('POST', '/api/v1/auth/login', { body: { email: 'CANARY' } });
    const event = server.logs.find((line) => line.event === 'input_validation_fail');
    assert.equal(event?.level, 'warn');
    assert.doesNotMatch(JSON.stringify(server.logs), /CANARY/);
  });
});
