import assert from 'node:assert/strict';

/** What every way of asking (fetch or raw socket) can be judged by. */
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

/** Words that only the inside of a server says. */
const INTERNALS = /node_modules|\bat .*[/\\].*:\d+|\.[tj]s:\d|node:internal|SQLITE|sqlite|kysely|postgres|ECONN|ENOENT|select ["']|insert into|zod|TypeError|SyntaxError|body-parser|\bstack\b|\berror:|driver|destroyed/i;

/**
 * Asserts that an answer is one well-formed problem that tells nothing of the inside. Source: RFC 9457, ASVS V16.5.1.
 *
 * @param secrets texts that were sent and must not come back
 */
export function assertProblem(answer: Answer, status: number, code: string, secrets: readonly string[] = []): ProblemBody {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  const problem = JSON.parse(answer.text) as ProblemBody;
  assert.equal(problem.code, code);
  assert.equal(problem.status, status);
  assert.equal(typeof problem.title, 'string');
  assert.deepEqual(Object.keys(problem).filter((key) => !KNOWN_MEMBERS.has(key)), []);
  assert.doesNotMatch(answer.text, INTERNALS);
  for (const secret of secrets) assert.ok(!answer.text.includes(secret), `"${secret}" came back`);
  return problem;
}
