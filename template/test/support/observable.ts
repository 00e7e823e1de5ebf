import assert from 'node:assert/strict';
import type { Answer } from './problems.ts';

/** Headers that differ between any two responses. */
const VOLATILE = new Set(['date', 'ratelimit', 'retry-after', 'x-request-id']);

/** Everything in a response that an attacker can compare. */
export function observable({ status, headers, text }: Answer): unknown {
  return {
    status,
    headers: [...headers].map(([name, value]) => [name, VOLATILE.has(name) ? '' : value]),
    text: text.replace(/urn:request:[0-9a-f-]{36}/, 'urn:request:'),
  };
}

/** Asserts that the responses differ only in request id, time and remaining quota. */
export function assertSameAnswers(answers: readonly Answer[]): void {
  const [first, ...others] = answers.map(observable);
  assert.ok(others.length > 0);
  for (const other of others) assert.deepEqual(other, first);
}
