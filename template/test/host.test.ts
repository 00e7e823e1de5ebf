import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertProblem } from './support/problems.ts';
import { countAnswers, parseAnswer } from './support/raw-http.ts';
import { startServer } from './support/server.ts';

const get = (target: string, ...headers: string[]) => [`GET ${target} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n');

describe('host', () => {
  it('a request with a foreign or malformed Host gets 421 or 400', async (t) => {
    const server = await startServer(t, { ALLOWED_HOSTS: 'api.example.com' });
    for (const host of [
      'attacker.example',
      'api.example.com.attacker.example',
      'attacker.example:80@api.example.com',
      'api.example.com@attacker.example',
      'api.example.com/..',
      'xapi.example.com',
      'api.example.com,attacker.example',
      '[::ffff:1]',
      '',
    ]) {
      const answer = parseAnswer(await server.sendBytes(get('/', `Host: ${host}`)));
      assert.ok([400, 421].includes(answer.status), `${host}: ${answer.status}`);
      assertProblem(answer, answer.status, answer.status === 421 ? 'misdirected-request' : 'invalid-request', ['attacker']);
    }
    const own = parseAnswer(await server.sendBytes(get('/', 'Host: API.example.com:443')));
    assert.equal(own.status, 200);
  });

  it('a request with two Host headers gets 400', async (t) => {
    const server = await startServer(t, { ALLOWED_HOSTS: 'api.example.com' });
    for (const pair of [
      ['api.example.com', 'attacker.example'],
      ['attacker.example', 'api.example.com'],
      ['api.example.com', 'api.example.com'],
    ]) {
      const received = await server.sendBytes(get('/', ...pair.map((host) => `Host: ${host}`)));
      assert.equal(parseAnswer(received).status, 400);
      assert.equal(countAnswers(received), 1);
    }
  });

  it('a request without Host gets 400', async (t) => {
    const server = await startServer(t);
    assertProblem(parseAnswer(await server.sendBytes(get('/'))), 400, 'invalid-request');
  });

  it('a request line with an absolute URL of a foreign host is refused', async (t) => {
    const server = await startServer(t, { ALLOWED_HOSTS: 'api.example.com' });
    const answer = parseAnswer(await server.sendBytes(get('http://attacker.example/', 'Host: api.example.com')));
    assert.ok([400, 404, 421].includes(answer.status), String(answer.status));
  });

  it('X-Forwarded-Host is ignored', async (t) => {
    const server = await startServer(t, { ALLOWED_HOSTS: 'api.example.com' });
    const foreign = parseAnswer(await server.sendBytes(get('/', 'Host: attacker.example', 'X-Forwarded-Host: api.example.com')));
    assert.equal(foreign.status, 421);
    const own = parseAnswer(await server.sendBytes(get('/', 'Host: api.example.com', 'X-Forwarded-Host: attacker.example')));
    assert.equal(own.status, 200);
    assert.doesNotMatch(own.text, /attacker/);
  });

  it('a foreign Host is logged as malicious_host', async (t) => {
    const server = await startServer(t, { ALLOWED_HOSTS: 'api.example.com' });
    await server.sendBytes(get('/', 'Host: attacker.example'));
    assert.ok(server.logs.some((line) => line.event === 'malicious_host'));
  });
});
