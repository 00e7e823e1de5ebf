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
 * The text of each named setting: `NAME`, or the content of the file in `NAME_FILE`.
 * Only names of the schema are looked up; `…_FILE` variables of other programs are ignored.
 * An empty variable counts as missing, because compose files and shells pass an unset variable like that.
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

/** Owner, group and mode of a secret file, from `fs.stat`. */
export interface FileRights {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** User and groups of a process. */
export interface Identity {
  readonly uid: number;
  readonly groups: readonly number[];
}

/**
 * Whether only the process and root can read a secret file. Kubernetes mounts secrets as `root:GROUP 0440`, so a file of
 * another owner may be readable for a group of the process; a file of the process's own user may not.
 */
export function isPrivate({ mode, uid, gid }: FileRights, process: Identity): boolean {
  const readableForGroup = (mode & 0o040) !== 0;
  const sharedOnPurpose = uid !== process.uid && process.groups.includes(gid);
  return (mode & 0o037) === 0 && (!readableForGroup || sharedOnPurpose);
}

const ourselves = (): Identity => ({
  uid: process.geteuid?.() ?? 0,
  groups: [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])],
});

function readSecretFile(path: string): { text: string } | { rule: string } {
  try {
    /* eslint-disable security/detect-non-literal-fs-filename -- the operator names the file, nobody else can */
    // Any other user who can read the file knows the secret.
    if (!isPrivate(statSync(path), ourselves())) return { rule: 'must name a file that only this process can read (chmod 600)' };
    return { text: readFileSync(path, 'utf8').trimEnd() };
    /* eslint-enable security/detect-non-literal-fs-filename */
  } catch {
    return { rule: 'must name a file that can be read' };
  }
}
