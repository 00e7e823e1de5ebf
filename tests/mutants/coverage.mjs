// Records which candidates each test executes. Loaded before the tests: node --import coverage.mjs --test ...
// MUTANTS_CANDIDATES is a file with the list of candidates, MUTANTS_COVERAGE the file that is written at the end.

import { readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { afterEach, beforeEach } from 'node:test';

const byFile = new Map();
for (const [number, { file, start }] of JSON.parse(readFileSync(process.env.MUTANTS_CANDIDATES, 'utf8')).entries()) {
  byFile.set(file, [...(byFile.get(file) ?? []), { number, start }]);
}

const session = new Session();
session.connect();
const ask = (method, parameters) => {
  let reply;
  session.post(method, parameters, (error, result) => {
    if (error) throw error;
    reply = result;
  });
  return reply;
};
ask('Profiler.enable');
ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

const size = ({ startOffset, endOffset }) => endOffset - startOffset;

/** The candidates that were executed since the last call: the smallest range around a candidate counts. */
function executed() {
  const numbers = [];
  for (const { url, functions } of ask('Profiler.takePreciseCoverage').result) {
    const candidates = url.includes('/node_modules/') ? undefined : byFile.get(url.slice(url.indexOf('/src/') + 1));
    if (!candidates) continue;
    const ranges = functions.flatMap((one) => one.ranges);
    for (const { number, start } of candidates) {
      const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= start && start < endOffset);
      const smallest = around.sort((one, other) => size(one) - size(other))[0];
      if (smallest?.count > 0) numbers.push(number);
    }
  }
  return numbers;
}

let loaded;
const tests = [];
// More than one in a suite whose tests run at the same time: each of them may have executed what ran meanwhile.
const running = new Set();

function attribute() {
  const numbers = executed();
  for (const test of running) for (const number of numbers) test.hits.add(number);
  return numbers;
}

beforeEach((t) => {
  // What suites do before their tests, and the end of the test before.
  const between = attribute();
  loaded ??= between;
  const test = { file: t.filePath, title: t.name, between, hits: new Set(), begun: performance.now() };
  tests.push(test);
  running.add(test);
});
afterEach((t) => {
  attribute();
  const test = [...running].find(({ file, title }) => file === t.filePath && title === t.name);
  test.seconds = (performance.now() - test.begun) / 1_000;
  running.delete(test);
});
process.on('exit', () => {
  const sets = (_, value) => (value instanceof Set ? [...value] : value);
  writeFileSync(process.env.MUTANTS_COVERAGE, JSON.stringify({ loaded, tests }, sets));
});
