// Lints a file of a project again and again, each time with another content: node lint.mjs PROJECT
// A line of standard input is a JSON object of path and content; the reply is a line with a JSON list of messages.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const project = resolve(process.argv[2]);
const { ESLint } = createRequire(`${project}/package.json`)('eslint');
const eslint = new ESLint({ cwd: project });

// A constant condition and a name that became unused betray the mutant, but not the mistake that it stands for.
const BETRAYING =
  /^(@typescript-eslint\/)?(no-unnecessary-.*|no-unused-.*|no-constant-.*|no-useless-.*|no-unreachable.*|no-extra-.*|no-empty.*|no-redundant-.*|no-confusing-void-expression|prefer-.*|require-await|use-unknown-.*)$/;

for await (const line of createInterface({ input: process.stdin })) {
  const { path, content } = JSON.parse(line);
  const [{ messages }] = await eslint.lintText(content, { filePath: resolve(project, path) });
  const told = messages.filter(({ ruleId }) => ruleId !== null && !BETRAYING.test(ruleId));
  console.log(JSON.stringify(told.map(({ ruleId, message }) => `${ruleId}: ${message}`)));
}
