import assert from 'node:assert/strict';
import type { Answer } from './problems.ts';

/** Differ between any two answers, whatever was asked. */
const VOLATILE = new Set(['date', 'ratelimit', 'retry-after', 'x-request-id']);

/** All that tells two answers apart for somebody who compares them. */
export function observable({ status, headers, text }: Answer): unknown {
  return {
    status,
    headers: [...headers].map(([name, value]) => [name, VOLATILE.has(name) ? '' : value]),
    text: text.replace(/urn:request:[0-9a-f-]{36}/, 'urn:request:'),
  };
}

/** Asserts that nothing but request id, time and remaining quota tells the answers apart. */
export function assertSameAnswers(answers: readonly Answer[]): void {
  const [first, ...others] = answers.map(observable);
  assert.ok(others.length > 0);
  for (const other of others) assert.deepEqual(other, first);
}
