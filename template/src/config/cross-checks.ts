import type { Mistake } from './environment.ts';
import { isPlaceholder } from './parsers.ts';

/** Valid settings by name; invalid ones are missing. */
type Checked = ReadonlyMap<string, unknown>;

type CrossCheck = (settings: Checked, environment: NodeJS.ProcessEnv) => Mistake | false;

/** Mistakes in the combination of settings, in the order in which they are printed. */
export function crossChecks(settings: Checked, environment: NodeJS.ProcessEnv): Mistake[] {
  const checks = settings.get('NODE_ENV') === 'production' ? [...ALWAYS, ...PRODUCTION] : ALWAYS;
  return checks.map((check) => check(settings, environment)).filter((mistake) => mistake !== false);
}

const ALWAYS: readonly CrossCheck[] = [
  (settings) => {
    const least = LEAST_BCRYPT_COST.get(settings.get('NODE_ENV')) ?? 12;
    return (
      Number(settings.get('BCRYPT_COST')) < least && {
        name: 'BCRYPT_COST',
        rule: `must be ${least} or more in this environment: stolen hashes must stay expensive to guess`,
      }
    );
  },
  (_, environment) =>
    startedWith(/--insecure-http-parser/, environment) && {
      name: 'NODE_OPTIONS',
      rule: 'must not contain --insecure-http-parser: it allows request smuggling past a proxy',
    },
  (settings) => {
    const name = [...settings.keys()].find((key) => isSame(settings.get(key), settings.get(`${key}_PREVIOUS`)));
    return name !== undefined && { name: `${name}_PREVIOUS`, rule: `must differ from ${name}: the rotation did not happen` };
  },
  // One that is set in .env would otherwise stay in force while the environment names another database.
  (settings) => {
    const [service, owner] = ['DATABASE_URL', 'MIGRATION_DATABASE_URL'].map((name) => URL.parse(String(settings.get(name)))?.pathname);
    const differs = service !== undefined && owner !== undefined && service !== owner;
    return differs && { name: 'MIGRATION_DATABASE_URL', rule: 'must name the same database as DATABASE_URL' };
  },
];

const LEAST_BCRYPT_COST = new Map<unknown, number>([
  ['test', 4],
  ['development', 10],
  ['production', 12],
]);

const PRODUCTION: readonly CrossCheck[] = [
  (settings) => isCleartext(settings.get('PUBLIC_URL')) && { name: 'PUBLIC_URL', rule: 'must start with https:// in production' },
  (settings) =>
    [settings.get('CORS_ORIGINS')].flat().some(isCleartext) && {
      name: 'CORS_ORIGINS',
      rule: 'must all start with https:// in production',
    },
  (settings) =>
    settings.get('SMTP_URL') === undefined && {
      name: 'SMTP_URL',
      rule: 'is required in production: verification and reset mails must be sent',
    },
  publishedPassword('DATABASE_URL'),
  publishedPassword('MIGRATION_DATABASE_URL'),
  (_, environment) =>
    environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' && {
      name: 'NODE_TLS_REJECT_UNAUTHORIZED',
      rule: 'must not be 0: anyone on the network path could read mails and database traffic',
    },
  (_, environment) =>
    startedWith(/--inspect(?:-brk|-wait)?(?:[=\s]|$)/, environment) && {
      name: 'NODE_OPTIONS',
      rule: 'must not contain --inspect in production: a debugger runs any code that is sent to it',
    },
];

function publishedPassword(name: string): CrossCheck {
  return (settings) => {
    const { username = '', password = '' } = URL.parse(String(settings.get(name))) ?? {};
    const isPublished = password !== '' && (isPlaceholder(password) || ['admin', 'postgres', 'root', username].includes(password));
    return isPublished && { name, rule: 'must not use a well-known password or the user name as password' };
  };
}

const isSame = (one: unknown, other: unknown) => one instanceof Uint8Array && other instanceof Uint8Array && Buffer.from(one).equals(other);

const isCleartext = (origin: unknown) => typeof origin === 'string' && origin.startsWith('http://');

const startedWith = (flag: RegExp, environment: NodeJS.ProcessEnv) =>
  [...process.execArgv, environment['NODE_OPTIONS'] ?? ''].some((text) => flag.test(text));
