// Checks the types of a project again and again, each time with other contents for some of its files.
//
// node typecheck.mjs PROJECT; a line of standard input is a JSON object of paths to contents; the reply is a line with
// a JSON list of messages. The unchanged program stays in memory, so only the files that a change reaches are checked.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const project = resolve(process.argv[2]);
const ts = createRequire(`${project}/package.json`)('typescript');
const config = ts.getParsedCommandLineOfConfigFile(`${project}/tsconfig.json`, { noEmit: true }, { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} });
const host = ts.createIncrementalCompilerHost(config.options);
const read = host.getSourceFile.bind(host);
const unchanged = new Map();
let changed = new Map();

// Whatever a removed defence leaves unused or unreachable is no error of types: TypeScript reports it as a matter of style.
const STYLE = new Set([6133, 6138, 6192, 6196, 6198, 6199, 7027]);

host.getSourceFile = (name, languageVersion) => {
  const text = changed.get(name);
  if (text !== undefined) {
    const file = ts.createSourceFile(name, text, languageVersion, true);
    file.version = host.createHash(text);
    return file;
  }
  if (!unchanged.has(name)) unchanged.set(name, read(name, languageVersion));
  return unchanged.get(name);
};

const errors = (before) => {
  const builder = ts.createSemanticDiagnosticsBuilderProgram(config.fileNames, config.options, host, before);
  const found = [];
  for (let next = builder.getSemanticDiagnosticsOfNextAffectedFile(); next; next = builder.getSemanticDiagnosticsOfNextAffectedFile()) {
    found.push(...next.result);
  }
  for (const name of changed.keys()) {
    const file = builder.getSourceFile(name);
    if (file) found.push(...builder.getSyntacticDiagnostics(file));
  }
  return [builder, found.filter(({ code }) => !STYLE.has(code))];
};

const [base] = errors(undefined);

for await (const line of createInterface({ input: process.stdin })) {
  changed = new Map(Object.entries(JSON.parse(line)).map(([path, text]) => [resolve(project, path), text]));
  const messages = errors(base)[1].map(({ messageText, file }) => {
    const where = file?.fileName.slice(project.length + 1) ?? 'tsconfig.json';
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
  console.log(JSON.stringify(messages));
}
