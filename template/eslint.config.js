import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import security from 'eslint-plugin-security';
import tseslint from 'typescript-eslint';

// The message of each rule names the attack or accident it prevents; `except` lists the places that may do it. With
// `exceptStores`, stores may do it too.
const SYNTAX = [
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'Unchecked settings hide mistakes until an attacker finds them: read them from src/config.',
    except: ['src/config/', 'development/', 'test/'],
  },
  {
    selector: 'CallExpression[callee.object.name=/^(app|router)$/][callee.property.name=/^(get|post|put|patch|delete|all|route)$/]',
    message: 'A handler outside the route registry escapes its access rule and validation: declare it with route().',
    except: ['src/http/', 'test/'],
  },
  {
    selector: 'CallExpression[callee.property.name=/^(Router|static)$/][callee.object.name="express"]',
    message: 'A sub-router escapes strict routing and the route registry: declare routes with route().',
    except: ['src/http/', 'test/'],
  },
  {
    selector:
      'CallExpression[callee.object.name=/^(res|response)$/][callee.property.name=/^(send|sendFile|redirect|render|download|jsonp|cookie)$/]',
    message: 'Send responses through src/http, which checks response schemas, content types and redirects.',
    except: ['src/http/', 'test/'],
  },
  {
    selector: 'MemberExpression[object.name=/^(sql|CompiledQuery)$/][property.name=/^(raw|lit|val)$/]',
    message: 'Raw SQL allows injection: use the query builder or the sql tag, which bind their parameters.',
    except: [],
  },
  {
    selector: 'CallExpression[callee.property.name=/^(selectFrom|insertInto|replaceInto|updateTable|deleteFrom|mergeInto)$/]',
    message: 'A query outside a store escapes the review of what may be read and changed: give a store.ts a function for it.',
    except: ['src/database/', 'src/rate-limit/', 'development/', 'test/'],
    exceptStores: true,
  },
  {
    selector: 'CallExpression[callee.property.name=/^(returning|returningAll|onConflict|onDuplicateKeyUpdate)$/]',
    message: 'Not every database has it: use an operation of src/database/driver.ts, or update and then read.',
    // Features that are not listed in LAYERS are yours.
    except: ['src/database/', 'src/*/', 'development/', 'test/'],
  },
  {
    selector: "Property[key.name='rejectUnauthorized'][value.value=false]",
    message: 'Without certificate checks anyone on the network path can read and change the traffic.',
    except: [],
  },
  {
    selector: "CallExpression[callee.name='createHash'] > Literal[value=/^(md5|sha1)$/i]",
    message: 'MD5 and SHA-1 collide: use SHA-256.',
    except: [],
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Math.random can be predicted: use node:crypto.',
    except: ['test/'],
  },
  {
    selector: 'ImportExpression > :not(Literal).source',
    message: 'If input chooses the name of a module, it chooses the code that runs: write the name as a literal.',
    except: ['test/'],
  },
  {
    selector:
      'CallExpression:matches([callee.name="fetch"], [callee.object.name=/^(https?|globalThis)$/][callee.property.name=/^(request|get|fetch)$/]) > :not(Literal).arguments:first-child',
    message: 'If input chooses the URL, an attacker reaches the private network: put requests to URLs from settings into src/outbound.',
    except: ['src/outbound/', 'development/', 'test/'],
  },
];

const IMPORTS = [
  {
    regex: '^(node:)?(child_process|vm|cluster|worker_threads|repl|inspector)(/|$)',
    message: 'A process or an interpreter that input can reach is remote code execution.',
    except: ['development/', 'test/'],
  },
  {
    regex: '^(node:)?process$',
    importNames: ['env'],
    message: 'Read settings from src/config.',
    except: ['src/config/', 'test/'],
  },
  {
    regex: '^kysely$',
    importNames: ['sql', 'CompiledQuery'],
    message: 'SQL text belongs in src/database; elsewhere use the query builder, which binds every value.',
    except: ['src/database/', 'test/'],
  },
  {
    regex: '^kysely$',
    message:
      'Only stores know the query builder: give a store.ts a function for it. Types for the others are in src/database/unit-of-work.ts.',
    except: ['src/database/', 'src/rate-limit/', 'development/', 'test/'],
    exceptStores: true,
  },
  {
    regex: '^express$',
    importNames: ['Router'],
    message: 'A sub-router escapes strict routing and the route registry: declare routes with route().',
    except: ['src/http/', 'test/'],
  },
  {
    regex: '^jose$',
    importNames: ['decodeJwt', 'UnsecuredJWT', 'decodeProtectedHeader'],
    message: 'A token that is decoded but not verified is untrusted input.',
    except: ['test/'],
  },
];

/**
 * The layers of src/, bottom to top. A file imports from its own layer and from those before it, types included: so no
 * part can come to depend on itself. A folder that is missing here is a feature like src/notes.
 */
const LAYERS = [
  'project.ts',
  'access',
  'network',
  'crypto',
  'observability',
  'config',
  'database',
  'rate-limit',
  'mail',
  'outbound',
  'http',
  'http/middleware',
  'http/listener',
  'services.ts',
  'feature.ts',
  'auth',
  'users',
  'notes',
  'features.ts',
  'operations',
  'app.ts',
  'routes.ts',
  'commands',
  'server.ts',
];

/** Files with queries that are not named `store.ts` or `…-store.ts`. */
const MORE_STORES = [
  'src/services.ts', // opens the database
  'src/users/owner.ts', // your features import it from there
];

const FEATURES = LAYERS.indexOf('notes');
const isFile = (layer) => layer.endsWith('.ts');
const anyOf = (layers) => `(?:${layers.map((layer) => layer.replace('.', '\\.') + (isFile(layer) ? '$' : '/')).join('|')})`;
const foldersIn = (folder) => ['*.ts', '*/*.ts', '*/*/*.ts'].map((files) => `src/${folder}/${files}`);

/**
 * @param {string} place a glob of files that all lie equally deep
 * @param {number} rank of their layer
 * @param {string[]} above layers above theirs
 * @returns {string} an expression for the imports that leave their layer upwards
 */
function upwards(place, rank, above) {
  const toRoot = '\\.\\./'.repeat(place.split('/').length - 2) || '\\./';
  // What is missing in the table is a feature: the layers below may not import it, those above may.
  const forbidden = rank > FEATURES ? anyOf(above) : `(?!${anyOf(LAYERS.slice(0, rank + 1))})`;
  const own = place.slice('src/'.length, place.lastIndexOf('/'));
  const inside = above.filter((layer) => layer.startsWith(`${own}/`)).map((layer) => layer.slice(own.length + 1));
  const beside = above.filter((layer) => layer.startsWith(`${own.split('/')[0]}/`)).map((layer) => layer.split('/')[1]);
  return [
    `^${toRoot}${forbidden}`,
    ...(inside.length > 0 ? [`^\\./${anyOf(inside)}`] : []),
    ...(own.includes('/') && beside.length > 0 ? [`^\\.\\./${anyOf(beside)}`] : []),
  ].join('|');
}

const withoutExceptions = ({ except: _, exceptStores: __, ...rule }) => rule;

/**
 * In ESLint the last matching block wins, so every place gets one block with all its rules.
 *
 * @param {string} place a rule applies there unless its `except` names the place
 * @param {number} rank of the layer; undefined outside src/
 * @param {string[]} stores files of the place that are stores; the other rules hold for them too
 */
function restrictions(place, rank, stores) {
  const holds = ({ except, exceptStores }) => !(stores && exceptStores) && !except.some((start) => place.startsWith(start));
  const above = LAYERS.slice(rank + 1);
  const layers =
    rank === undefined || above.length === 0
      ? []
      : [
          {
            regex: upwards(place, rank, above),
            message:
              'Imports must point down: LAYERS in eslint.config.js lists the layers below this one. Move code that both need to one of them.',
          },
        ];
  return {
    files: stores ?? [place],
    rules: {
      'no-restricted-syntax': ['error', ...SYNTAX.filter(holds).map(withoutExceptions)],
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [...IMPORTS.filter(holds).map(withoutExceptions), ...layers] }],
    },
  };
}

const isIn = (place, file) => file.startsWith(place.split('*')[0]) && file.split('/').length === place.split('/').length;

function blocksOf(place, rank) {
  const named = place.endsWith('*.ts') ? [place.replace(/\*\.ts$/, 'store.ts'), place.replace(/\*\.ts$/, '*-store.ts')] : [];
  const stores = [...named, ...MORE_STORES.filter((file) => isIn(place, file))];
  return [restrictions(place, rank), ...(stores.length > 0 ? [restrictions(place, rank, stores)] : [])];
}

const PLACES = [
  restrictions('**/*.ts'),
  foldersIn('*').map((place) => blocksOf(place, FEATURES - 1)),
  LAYERS.map((layer, rank) => (isFile(layer) ? [`src/${layer}`] : foldersIn(layer)).map((place) => blocksOf(place, rank))),
  restrictions('development/**'),
  restrictions('test/**'),
].flat(3);

export default defineConfig(
  globalIgnores(['node_modules/', 'data/', 'coverage/']),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  security.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-console': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-param-reassign': 'error',
      'no-proto': 'error',
      'no-extend-native': 'error',
      'no-script-url': 'error',
      // Use a Map for keys from outside: it has no prototype that such a key could change or read.
      'security/detect-object-injection': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  PLACES,
  {
    files: ['src/commands/**', 'development/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      // node:test reports rejections of its own promises.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] }] },
      ],
      // Tests choose names, paths and patterns themselves; they do not come from outside.
      'security/detect-non-literal-fs-filename': 'off',
      'security/detect-object-injection': 'off',
      'security/detect-child-process': 'off',
      'security/detect-non-literal-regexp': 'off',
      'security/detect-unsafe-regex': 'off',
    },
  },
  {
    files: ['**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
