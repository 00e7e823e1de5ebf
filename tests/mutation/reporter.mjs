// Prints one line of JSON for each test that Node's test runner reports, with the error that ended it, and at the end
// how many programs the tests started. The runner loads this file into the process of the tests.

import childProcess from 'node:child_process';
import Module, { syncBuiltinESMExports } from 'node:module';

const MOST = 2_000;

let programs = 0;

const counted = (start) =>
  new Proxy(start, {
    apply(target, self, given) {
      programs += 1;
      return Reflect.apply(target, self, given);
    },
  });

childProcess.ChildProcess.prototype.spawn = counted(childProcess.ChildProcess.prototype.spawn);
for (const name of ['execFileSync', 'execSync', 'spawnSync']) childProcess[name] = counted(childProcess[name]);
syncBuiltinESMExports();

// ESLint is a program too, and its tests call it as a library.
const usesEslint = () => Object.keys(Module._cache).some((path) => path.includes('/node_modules/eslint/lib/'));

const short = (value) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}` : part));
  return (text ?? String(value)).slice(0, MOST);
};

// Errors of tests can hold anything, also values that JSON cannot represent.
const described = (value) => {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  try {
    return short(value);
  } catch {
    return String(value);
  }
};

const failure = ({ failureType, cause }) => ({
  // A file that cannot be loaded is reported as a failed test without a type.
  type: failureType ?? 'notLoaded',
  code: cause?.code ?? null,
  operator: cause?.operator ?? null,
  actual: described(cause?.actual),
  expected: described(cause?.expected),
  message: short(cause?.message ?? cause),
  // Without the message, which can be longer than everything else.
  frames: String(cause?.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at ')),
});

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details.type === 'suite' || data.skip || data.todo) continue;
    yield `${JSON.stringify({
      title: data.name,
      milliseconds: data.details.duration_ms,
      failure: type === 'test:fail' ? failure(data.details.error) : null,
    })}\n`;
  }
  yield `${JSON.stringify({ programs: programs + Number(usesEslint()) })}\n`;
}
