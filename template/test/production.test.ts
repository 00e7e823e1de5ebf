import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../src/config/index.ts';
import { createLog } from '../src/observability/log.ts';
import { start } from '../src/server.ts';
import { exampleSettings, PRODUCTION } from './support/program.ts';
import { assertProblem } from './support/problems.ts';
import type { LogLine } from './support/server.ts';

describe('production', () => {
  it('the API document, debug pages and test routes get 404 in production', async (t) => {
    const settings = { ...(await exampleSettings(t)), ...PRODUCTION };
    await (await start(loadConfig({ ...settings, NODE_ENV: 'test' }), { log: createLog({ level: 'silent' }) })).stop();
    const logs: LogLine[] = [];
    const running = await start(loadConfig(settings), {
      log: createLog({ level: 'debug', write: (line) => logs.push(JSON.parse(line) as LogLine) }),
    });
    t.after(() => running.stop());
    const ask = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${running.port}${path}`);
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    };
    for (const path of [
      '/openapi.json',
      '/docs',
      '/docs/',
      '/debug',
      '/__test',
      '/.env',
      '/api-docs',
      '/swagger.json',
      '/graphql',
      '/metrics',
    ]) {
      assertProblem(await ask(path), 404, 'not-found');
    }
    assert.equal((await ask('/')).status, 200);
    assert.doesNotMatch((await ask('/')).text, /docs|openapi/);
    assert.ok(logs.some((line) => line.event === 'sys_startup'));
  });
});
