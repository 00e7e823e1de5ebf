import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';

// Scaffold runs this file in a rendered project: it checks the rules that the template starts with.
const ROOT = process.cwd();

/** Runs in its own process: ESLint creates functions from text, which the flags of `npm test` forbid. */
const LINTER = `
import { ESLint } from 'eslint';
import { text } from 'node:stream/consumers';
const eslint = new ESLint({ cwd: process.argv[1], allowInlineConfig: false });
const snippets = JSON.parse(await text(process.stdin));
const found = [];
for (const { file, code } of snippets) {
  const [result] = await eslint.lintText(code, { filePath: file });
  found.push(result.messages.map(({ ruleId, message }) => ruleId ?? message));
}
console.log(JSON.stringify(found));
`;

interface Snippet {
  readonly attack: string;
  readonly rule: string;
  /** An existing file, because the typed rules need one of the project. */
  readonly file: string;
  readonly code: string;
}

const FEATURE = 'src/notes/routes.ts';
const STRATEGY = existsSync('src/auth/session') ? 'session' : 'jwt';

const DANGEROUS: readonly Snippet[] = [
  { attack: 'eval', rule: 'no-eval', file: FEATURE, code: 'export const run = (text: string): unknown => eval(text);' },
  {
    attack: 'a function from text',
    rule: '@typescript-eslint/no-implied-eval',
    file: FEATURE,
    code: 'export const run = (text: string): unknown => new Function(text);',
  },
  { attack: 'a compiled text', rule: 'no-new-func', file: FEATURE, code: "export const run: unknown = new Function('return 1');" },
  {
    attack: 'the prototype read from a value',
    rule: 'no-proto',
    file: FEATURE,
    code: 'export const proto = (value: { __proto__: unknown }): unknown => value.__proto__;',
  },
  {
    attack: 'a parameter that changes',
    rule: 'no-param-reassign',
    file: FEATURE,
    code: "export const cleared = (text: string): string => { text = ''; return text; };",
  },
  {
    attack: 'a comparison that converts',
    rule: 'eqeqeq',
    file: FEATURE,
    code: 'export const same = (a: unknown, b: unknown): boolean => a == b;',
  },
  {
    attack: 'a property named by input',
    rule: 'security/detect-object-injection',
    file: FEATURE,
    code: 'export const read = (object: Record<string, string>, name: string): string | undefined => object[name];',
  },
  { attack: 'a timer from text', rule: '@typescript-eslint/no-implied-eval', file: FEATURE, code: "setTimeout('alert(1)', 1);" },
  { attack: 'any', rule: '@typescript-eslint/no-explicit-any', file: FEATURE, code: 'export const input = (body: any): unknown => body;' },
  {
    attack: 'any out of JSON',
    rule: '@typescript-eslint/no-unsafe-assignment',
    file: FEATURE,
    code: 'export const input = (text: string): string => { const body = JSON.parse(text); return String(body); };',
  },
  {
    attack: 'a forgotten promise',
    rule: '@typescript-eslint/no-floating-promises',
    file: FEATURE,
    code: 'export const fire = (work: () => Promise<void>): void => { work(); };',
  },
  {
    attack: 'an expression compiled from input',
    rule: 'security/detect-non-literal-regexp',
    file: FEATURE,
    code: 'export const find = (text: string): RegExp => new RegExp(text);',
  },
  { attack: 'an expression that backtracks', rule: 'security/detect-unsafe-regex', file: FEATURE, code: 'export const bad = /^(a+)+$/;' },
  {
    attack: 'a file name from input',
    rule: 'security/detect-non-literal-fs-filename',
    file: FEATURE,
    code: "import { readFileSync } from 'node:fs';\nexport const read = (name: string): string => readFileSync(name, 'utf8');",
  },
  {
    attack: 'a child process',
    rule: '@typescript-eslint/no-restricted-imports',
    file: FEATURE,
    code: "import { execFile } from 'node:child_process';\nexport const run = execFile;",
  },
  {
    attack: 'another interpreter',
    rule: '@typescript-eslint/no-restricted-imports',
    file: FEATURE,
    code: "import vm from 'node:vm';\nexport const run = vm;",
  },
  {
    attack: 'the SQL tag outside the database folder',
    rule: '@typescript-eslint/no-restricted-imports',
    file: FEATURE,
    code: "import { sql } from 'kysely';\nexport const now = sql`now()`;",
  },
  {
    attack: 'raw SQL',
    rule: 'no-restricted-syntax',
    file: 'src/database/schema.ts',
    code: "import { sql } from 'kysely';\nexport const all = (name: string): unknown => sql.raw(`select * from ${name}`);",
  },
  {
    attack: 'a token decoded without verifying',
    rule: '@typescript-eslint/no-restricted-imports',
    file: FEATURE,
    code: "import { decodeJwt } from 'jose';\nexport const read = decodeJwt;",
  },
  {
    attack: 'the environment read past the schema',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: "export const secret = process.env['JWT_SECRET'] ?? 'secret';",
  },
  {
    attack: 'the environment imported past the schema',
    rule: '@typescript-eslint/no-restricted-imports',
    file: FEATURE,
    code: "import { env } from 'node:process';\nexport const secret = env;",
  },
  {
    attack: 'a router outside the registry',
    rule: '@typescript-eslint/no-restricted-imports',
    file: FEATURE,
    code: "import { Router } from 'express';\nexport const router = Router();",
  },
  {
    attack: 'a route outside the registry',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: "import express from 'express';\nconst app = express();\napp.get('/debug', () => undefined);",
  },
  {
    attack: 'a redirect to anywhere',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: "import type { Response } from 'express';\nexport const go = (res: Response, to: string): void => { res.redirect(to); };",
  },
  {
    attack: 'certificates unchecked',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: 'export const tls = { rejectUnauthorized: false };',
  },
  {
    attack: 'a broken hash',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: "import { createHash } from 'node:crypto';\nexport const hash = createHash('md5');",
  },
  { attack: 'a token anybody can predict', rule: 'no-restricted-syntax', file: FEATURE, code: 'export const token = Math.random();' },
  {
    attack: 'a module named by input',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: 'export const load = (name: string): Promise<unknown> => import(name);',
  },
  {
    attack: 'a module named by a template',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: 'export const load = (name: string): Promise<unknown> => import(`./${name}.ts`);',
  },
  {
    attack: 'a request to an address from input',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: 'export const ask = (address: string): Promise<Response> => fetch(address);',
  },
  {
    attack: 'a request to a host from input',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: 'export const ask = (host: string): Promise<Response> => globalThis.fetch(`https://${host}/`);',
  },
  {
    attack: 'a request of node:https to an address from input',
    rule: 'no-restricted-syntax',
    file: FEATURE,
    code: "import https from 'node:https';\nexport const ask = (address: string): unknown => https.get(address);",
  },
  { attack: 'a line to the console', rule: 'no-console', file: FEATURE, code: "console.log('password');" },
  { attack: 'the prototype of all objects', rule: 'no-extend-native', file: FEATURE, code: 'Object.prototype.constructor = Object;' },
];

/** `ok` marks what only a store, or a feature of the owner, may do. */
const QUERIES: readonly (Omit<Snippet, 'attack'> & { readonly ok?: true })[] = [
  ...[
    FEATURE,
    'src/app.ts',
    'src/auth/sign-in.ts',
    `src/auth/${STRATEGY}/routes.ts`,
    'src/users/deletion.ts',
    'src/commands/create-user.ts',
  ].flatMap((file) => [
    {
      file,
      rule: '@typescript-eslint/no-restricted-imports',
      code: "import type { Kysely } from 'kysely';\nexport type Given = Kysely<object>;",
    },
    { file, rule: 'no-restricted-syntax', code: 'export const all = (database) => database.selectFrom(1);' },
    { file, rule: 'no-restricted-syntax', code: 'export const added = (query) => query.onConflict(1);' },
  ]),
  { file: 'src/notes/store.ts', rule: 'no-restricted-syntax', code: 'export const changed = (query) => query.returning(1);' },
  { file: 'src/auth/account-store.ts', rule: 'no-restricted-syntax', code: 'export const added = (query) => query.onConflict(1);' },
  {
    file: 'src/notes/store.ts',
    rule: '@typescript-eslint/no-restricted-imports',
    code: "import { sql } from 'kysely';\nexport const now = sql`1`;",
  },
  {
    file: 'src/notes/store.ts',
    rule: '@typescript-eslint/no-restricted-imports',
    code: "import type { Kysely } from 'kysely';\nexport type Given = Kysely<object>;",
    ok: true,
  },
  { file: 'src/users/store.ts', rule: 'no-restricted-syntax', code: 'export const all = (database) => database.selectFrom(1);', ok: true },
  {
    file: 'src/auth/account-store.ts',
    rule: 'no-restricted-syntax',
    code: 'export const all = (database) => database.selectFrom(1);',
    ok: true,
  },
  {
    file: 'src/database/on-conflict.ts',
    rule: 'no-restricted-syntax',
    code: 'export const added = (query) => query.onConflict(1);',
    ok: true,
  },
];

/** `ok` marks an import that points down: the rule must not be in the way. */
const UPWARDS: readonly (Pick<Snippet, 'file' | 'code'> & { readonly ok?: true })[] = [
  { file: 'src/http/route.ts', code: "import '../auth/sessions.ts';" },
  { file: 'src/http/route.ts', code: "import type { Services } from '../services.ts';\nexport type Given = Services;" },
  { file: 'src/http/route.ts', code: "import './middleware/body.ts';" },
  { file: 'src/http/route.ts', code: "import '../reports/routes.ts';" },
  { file: 'src/http/middleware/body.ts', code: "import '../listener/http-server.ts';" },
  { file: 'src/config/index.ts', code: "import '../database/chosen.ts';" },
  { file: FEATURE, code: "import '../operations/readiness.ts';" },
  { file: 'src/routes.ts', code: "import './server.ts';" },
  {
    file: 'src/http/middleware/body.ts',
    code: "import '../problem.ts';\nimport './cors.ts';\nimport '../../database/chosen.ts';",
    ok: true,
  },
  { file: FEATURE, code: "import '../users/owner.ts';\nimport '../services.ts';\nimport './schema.ts';", ok: true },
  { file: 'src/routes.ts', code: "import './reports/routes.ts';\nimport './notes/routes.ts';", ok: true },
];

function lint(snippets: readonly Pick<Snippet, 'file' | 'code'>[]): Promise<string[][]> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['--input-type=module', '-e', LINTER, ROOT],
      { cwd: ROOT, env: { PATH: process.env['PATH'] } },
      (error, stdout) => {
        if (error) reject(new Error(error.message));
        else resolve(JSON.parse(stdout) as string[][]);
      },
    );
    child.stdin?.end(JSON.stringify(snippets));
  });
}

describe('lint', () => {
  // One run of ESLint for all, because its start takes most of the time.
  const all = lint([...DANGEROUS, ...QUERIES, ...UPWARDS]);

  it('npm run lint reports every piece of dangerous code with the expected rule', async () => {
    const found = await all;
    for (const [index, { attack, rule }] of DANGEROUS.entries()) {
      assert.ok(found[index]?.includes(rule), `${attack}: expected ${rule}, found ${String(found[index])}`);
    }
  });

  it('a query outside a store is refused, and so is SQL that not every database has', async () => {
    const found = (await all).slice(DANGEROUS.length);
    for (const [index, { file, code, rule, ok = false }] of QUERIES.entries()) {
      assert.equal(found[index]?.includes(rule), !ok, `${file}: ${code}: ${String(found[index])}`);
    }
  });

  it('an import that points up is refused: a layer must not depend on what stands on it', async () => {
    const found = (await all).slice(DANGEROUS.length + QUERIES.length);
    for (const [index, { file, code, ok = false }] of UPWARDS.entries()) {
      assert.equal(found[index]?.includes('@typescript-eslint/no-restricted-imports'), !ok, `${file}: ${code}`);
    }
  });
});
