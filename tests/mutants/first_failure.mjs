// A reporter for Node's test runner, loaded into the process of the tests: a line of JSON for each test that ran.
// The process ends with the first failure.

import { writeSync } from 'node:fs';

export default async function* report(events) {
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite' || data.skip) continue;
    const failed = type === 'test:fail';
    const error = failed ? (data.details.error.cause ?? data.details.error) : undefined;
    const message = String(error?.message ?? error ?? '').slice(0, 300);
    // Not yielded: the process would end before a pipe has taken it.
    writeSync(1, `\n${JSON.stringify({ title: data.name, failed, message })}\n`);
    if (failed) process.exit(1);
  }
}
