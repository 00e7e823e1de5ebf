import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { z } from 'zod';
import { dangerouslyPublic } from '../src/access/rules.ts';
import { route } from '../src/http/route.ts';
import { createUser } from './support/accounts.ts';
import { startWithRoutes } from './support/extra-routes.ts';
import { assertProblem } from './support/problems.ts';
import { countAnswers, OWN_HEAD, parseAnswer } from './support/raw-http.ts';
import { startServer, type TestServer } from './support/server.ts';
import { OWN_PAGE } from './support/strategy.ts';

const LOGIN = '/api/v1/auth/login';
const json = { 'content-type': 'application/json' };

/** A body that signs in: whatever refuses it does so because of its form. */
async function credentialsOf(server: TestServer): Promise<string> {
  const { email, password } = await createUser(server);
  return JSON.stringify({ email, password });
}
const ANY_JSON = route({
  method: 'post',
  path: '/any-json',
  summary: 'Accepts any JSON',
  access: dangerouslyPublic('a test'),
  body: z.unknown(),
  status: 204,
  handle: () => Promise.resolve(undefined),
});

describe('bodies', () => {
  it('a body over the limit gets 413, with a Content-Length or in chunks', async (t) => {
    const server = await startServer(t);
    // Without the limit these credentials sign in.
    const large = (await credentialsOf(server)).padEnd(17_000);
    assertProblem(await server.request('POST', LOGIN, { rawBody: large, headers: json }), 413, 'payload-too-large');
    const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    const chunked = await server.sendBytes(
      `POST ${LOGIN} HTTP/1.1\r\n${OWN_HEAD}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk}`,
    );
    assertProblem(parseAnswer(chunked), 413, 'payload-too-large');
  });

  it('a Content-Length of one gigabyte gets 413 before the body is read', async (t) => {
    const server = await startServer(t);
    const received = await server.sendBytes(
      `POST ${LOGIN} HTTP/1.1\r\n${OWN_HEAD}\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\nConnection: close\r\n\r\n{`,
    );
    assertProblem(parseAnswer(received), 413, 'payload-too-large');
  });

  it('a body sent to a route without a body schema gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const answer = await server.request('POST', '/api/v1/auth/logout', { token: tokens.accessToken, body: { all: true } });
    assertProblem(answer, 400, 'invalid-request');
  });

  it('arrays and objects nested more than 32 deep get 400 before they are parsed', async (t) => {
    const server = await startServer(t);
    for (const tower of [
      '['.repeat(33) + ']'.repeat(33),
      '{"a":'.repeat(33) + '1' + '}'.repeat(33),
      '['.repeat(7000) + ']'.repeat(7000),
      `[${'[{"a":'.repeat(17)}1${'}]'.repeat(17)}]`,
    ]) {
      const answer = await server.request('POST', LOGIN, { rawBody: tower, headers: json });
      const problem = assertProblem(answer, 400, 'invalid-request');
      assert.match(problem.title, /nested too deeply/);
    }
  });

  it('brackets inside a string do not count as nesting', async (t) => {
    const server = await startServer(t);
    const body = JSON.stringify({ email: 'someone@example.com', password: String.raw`[[{"\"[[`.repeat(8) });
    const answer = await server.request('POST', LOGIN, { rawBody: body, headers: json });
    assertProblem(answer, 401, 'invalid-credentials');
  });

  it('a body with more than 1,000 keys or items gets 400, also on a route that accepts any JSON', async (t) => {
    const request = await startWithRoutes(t, await startServer(t), [ANY_JSON]);
    const send = async (body: string) => (await request(ANY_JSON.path, { method: 'POST', headers: { ...json, ...OWN_PAGE }, body })).status;
    const list = (count: number, item: string) => `[${Array.from({ length: count }, () => item).join(',')}]`;
    assert.equal(await send(list(1000, '1')), 204);
    assert.equal(await send(list(1001, '1')), 400, 'items');
    assert.equal(await send(list(500, '{"a":{"b":1}}')), 204);
    assert.equal(await send(list(501, '{"a":{"b":1}}')), 400, 'keys');
  });

  it('a key that names the prototype gets 400 and changes no object', async (t) => {
    const server = await startServer(t);
    for (const key of ['__proto__', 'constructor', 'prototype', String.raw`\u005f_proto__`]) {
      for (const body of [
        `{"${key}":{"polluted":1}}`,
        `{"email":"a@example.com","password":"x","nested":{"deep":[{"${key}":{"prototype":{"polluted":1}}}]}}`,
      ]) {
        const answer = await server.request('POST', LOGIN, { rawBody: body, headers: json });
        const problem = assertProblem(answer, 400, 'invalid-request', ['polluted', '__proto__']);
        assert.match(problem.title, /key that is never accepted/);
      }
    }
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('a body that is not JSON or has no Content-Type gets 415', async (t) => {
    const server = await startServer(t);
    const valid = await credentialsOf(server);
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'text/json',
      'application/json5',
      'application/vnd.api+json',
      'application/json, text/plain',
      'application/jsonx',
      '*/*',
    ]) {
      const answer = await server.request('POST', LOGIN, { rawBody: valid, headers: { 'content-type': type } });
      assertProblem(answer, 415, 'unsupported-media-type');
    }
    const untyped = await server.sendBytes(
      `POST ${LOGIN} HTTP/1.1\r\n${OWN_HEAD}\r\nContent-Length: ${valid.length}\r\nConnection: close\r\n\r\n${valid}`,
    );
    assertProblem(parseAnswer(untyped), 415, 'unsupported-media-type');
  });

  it('any charset but UTF-8 gets 415', async (t) => {
    const server = await startServer(t);
    const valid = await credentialsOf(server);
    for (const charset of ['utf-7', 'utf-16', 'utf-32', 'iso-8859-1', 'shift_jis', '"utf-7"']) {
      const answer = await server.request('POST', LOGIN, {
        rawBody: valid,
        headers: { 'content-type': `application/json; charset=${charset}` },
      });
      assertProblem(answer, 415, 'unsupported-media-type');
    }
    for (const own of ['application/json; charset=UTF-8', 'Application/JSON ;charset="utf-8"']) {
      const answer = await server.request('POST', LOGIN, { rawBody: valid, headers: { 'content-type': own } });
      assert.equal(answer.status, 200, answer.text);
    }
  });

  it('a request with two Content-Type headers gets 400', async (t) => {
    const server = await startServer(t);
    const valid = await credentialsOf(server);
    for (const types of [
      ['application/json', 'text/plain'],
      ['text/plain', 'application/json'],
      ['application/json', 'application/json'],
    ]) {
      const lines = types.map((type) => `Content-Type: ${type}\r\n`).join('');
      const received = await server.sendBytes(
        `POST ${LOGIN} HTTP/1.1\r\n${OWN_HEAD}\r\n${lines}Content-Length: ${valid.length}\r\nConnection: close\r\n\r\n${valid}`,
      );
      assertProblem(parseAnswer(received), 400, 'invalid-request');
    }
  });

  it('a compressed body gets 415 and is not decompressed', async (t) => {
    const server = await startServer(t);
    const valid = await credentialsOf(server);
    for (const [encoding, body] of [
      ['gzip', gzipSync(valid)],
      ['deflate', deflateSync(valid)],
      ['br', brotliCompressSync(valid)],
      ['zstd', zstdCompressSync(valid)],
      ['gzip, identity', gzipSync(valid)],
      ['gzip', gzipSync(JSON.stringify({ email: 'a'.repeat(1_000_000) }))],
    ] as const) {
      const head = `POST ${LOGIN} HTTP/1.1\r\n${OWN_HEAD}\r\nContent-Type: application/json\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
      assertProblem(parseAnswer(await server.sendBytes(Buffer.concat([Buffer.from(head), body]))), 415, 'unsupported-media-type');
    }
  });

  it('a body with bytes that are not UTF-8 gets 400', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
      const rawBody = Buffer.concat([Buffer.from('{"displayName":"'), Buffer.from(bytes), Buffer.from('"}')]);
      const answer = await server.request('PATCH', '/api/v1/me', { token: tokens.accessToken, rawBody, headers: json });
      assertProblem(answer, 400, 'malformed-json');
    }
  });

  it('malformed JSON gets 400, and the response does not quote it', async (t) => {
    const server = await startServer(t);
    for (const rawBody of ['{"password":"CANARY', '{"a":1}CANARY', 'CANARY', '"CANARY"', 'null', '{"a":CANARY}', "{'a':'CANARY'}"]) {
      const answer = await server.request('POST', LOGIN, { rawBody, headers: json });
      assertProblem(answer, 400, 'malformed-json', ['CANARY']);
    }
    assertProblem(await server.request('POST', LOGIN, { rawBody: '[]', headers: json }), 400, 'invalid-request');
  });

  it('a request without a token gets 401 before its body is read', async (t) => {
    const server = await startServer(t);
    // The rest of the bodies never arrives: a server that reads them does not answer.
    for (const length of [15_000, 1_073_741_824]) {
      const received = await server.sendBytes(
        `POST /api/v1/notes HTTP/1.1\r\n${OWN_HEAD}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n{`,
      );
      assert.equal(countAnswers(received), 1);
      assertProblem(parseAnswer(received), 401, 'unauthenticated');
    }
    const answer = await server.request('POST', '/api/v1/notes', { rawBody: '{"a":', headers: json });
    assertProblem(answer, 401, 'unauthenticated');
  });

  it('a request that does not accept JSON gets 406 and stores no note', async (t) => {
    const server = await startServer(t);
    const { tokens } = await createUser(server);
    const answer = await server.request('POST', '/api/v1/notes', {
      token: tokens.accessToken,
      body: { title: 'a', body: '' },
      headers: { accept: 'text/xml' },
    });
    assertProblem(answer, 406, 'not-acceptable');
    const list = await server.request('GET', '/api/v1/notes', { token: tokens.accessToken });
    assert.deepEqual((list.body as { items: unknown[] }).items, []);
  });
});
