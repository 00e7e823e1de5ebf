import { readFileSync, statSync } from 'node:fs';

/** One wrong setting: its name and the rule it breaks, never its value. */
export interface Mistake {
  readonly name: string;
  readonly rule: string;
}

export interface RawSettings {
  readonly values: ReadonlyMap<string, string>;
  readonly mistakes: readonly Mistake[];
}

/**
 * The text of each named setting: `NAME`, or the content of the file that `NAME_FILE` points to.
 * Only names of the schema are looked up; other programs' `…_FILE` variables are none of our business.
 * An empty variable counts as absent: that is how compose files and shells leave one out.
 */
export function readSettings(names: readonly string[], environment: NodeJS.ProcessEnv): RawSettings {
  const given = new Map(Object.entries(environment).filter(([, text]) => text !== undefined && text !== ''));
  const values = new Map<string, string>();
  const mistakes: Mistake[] = [];
  for (const name of names) {
    const text = given.get(name);
    const path = given.get(`${name}_FILE`);
    if (path === undefined) {
      if (text !== undefined) values.set(name, text);
      continue;
    }
    const read = text === undefined ? readSecretFile(path) : { rule: `must not be set together with ${name}` };
    if ('rule' in read) mistakes.push({ name: `${name}_FILE`, rule: read.rule });
    else values.set(name, read.text);
  }
  return { values, mistakes };
}

function readSecretFile(path: string): { text: string } | { rule: string } {
  try {
    /* eslint-disable security/detect-non-literal-fs-filename -- the operator names the file, nobody else can */
    // Whoever else may read the file knows the secret.
    if ((statSync(path).mode & 0o077) !== 0) return { rule: 'must name a file that only its owner can read (chmod 600)' };
    return { text: readFileSync(path, 'utf8').trimEnd() };
    /* eslint-enable security/detect-non-literal-fs-filename */
  } catch {
    return { rule: 'must name a file that can be read' };
  }
}
