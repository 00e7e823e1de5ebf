import assert from 'node:assert/strict';

/** A response, from fetch or from a raw socket. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly instance?: string;
  readonly errors?: readonly { readonly path: string; readonly rule: string }[];
}

const KNOWN_MEMBERS = new Set(['type', 'title', 'status', 'code', 'instance', 'errors']);

/** Words that appear only in internal messages. */
const INTERNALS =
  /node_modules|\bat .*[/\\].*:\d+|\.[tj]s:\d|node:internal|SQLITE|sqlite|kysely|postgres|ECONN|ENOENT|select ["']|insert into|zod|TypeError|SyntaxError|body-parser|\bstack\b|\berror:|driver|destroyed/i;

/**
 * Asserts that a response is a well-formed problem without internals. Source: RFC 9457, ASVS V16.5.1.
 *
 * @param secrets texts that must not be in the response
 */
export function assertProblem(answer: Answer, status: number, code: string, secrets: readonly string[] = []): ProblemBody {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  const problem = JSON.parse(answer.text) as ProblemBody;
  assert.equal(problem.code, code);
  assert.equal(problem.status, status);
  assert.equal(typeof problem.title, 'string');
  assert.deepEqual(
    Object.keys(problem).filter((key) => !KNOWN_MEMBERS.has(key)),
    [],
  );
  assert.doesNotMatch(answer.text, INTERNALS);
  for (const secret of secrets) assert.ok(!answer.text.includes(secret), `"${secret}" came back`);
  return problem;
}
