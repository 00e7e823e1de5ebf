import type { Mistake } from './environment.ts';
import { isPlaceholder } from './parsers.ts';

/** Checked settings by name; those that are wrong by themselves are absent. */
type Checked = ReadonlyMap<string, unknown>;

type CrossCheck = (settings: Checked, environment: NodeJS.ProcessEnv) => Mistake | false;

/** Mistakes that only show when settings are seen together, in the order in which they are printed. */
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
        rule: `must be ${least} or more here: stolen hashes must stay expensive to guess`,
      }
    );
  },
  (_, environment) =>
    startedWith(/--insecure-http-parser/, environment) && {
      name: 'NODE_OPTIONS',
      rule: 'must not contain --insecure-http-parser: it lets requests be smuggled past a proxy',
    },
];

const LEAST_BCRYPT_COST = new Map<unknown, number>([
  ['test', 4],
  ['development', 10],
  ['production', 12],
]);

const PRODUCTION: readonly CrossCheck[] = [
  (settings) =>
    isCleartext(settings.get('PUBLIC_URL')) && { name: 'PUBLIC_URL', rule: 'must start with https:// in production' },
  (settings) =>
    [settings.get('CORS_ORIGINS')].flat().some(isCleartext) && {
      name: 'CORS_ORIGINS',
      rule: 'must all start with https:// in production',
    },
  (settings) =>
    settings.get('SMTP_URL') === undefined && {
      name: 'SMTP_URL',
      rule: 'is required in production: verification and reset mails must arrive',
    },
  (settings) =>
    hasPublishedPassword(String(settings.get('DATABASE_URL'))) && {
      name: 'DATABASE_URL',
      rule: 'must not contain a password that stands in documentation or repeats the name of the account',
    },
  (_, environment) =>
    environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' && {
      name: 'NODE_TLS_REJECT_UNAUTHORIZED',
      rule: 'must not be 0: anyone on the path could read mails and database traffic',
    },
  (_, environment) =>
    startedWith(/--inspect(?:-brk|-wait)?(?:[=\s]|$)/, environment) && {
      name: 'NODE_OPTIONS',
      rule: 'must not contain --inspect in production: a debugger runs whatever code it is sent',
    },
];

function hasPublishedPassword(address: string): boolean {
  const { username = '', password = '' } = URL.parse(address) ?? {};
  return password !== '' && (isPlaceholder(password) || ['admin', 'postgres', 'root', username].includes(password));
}

const isCleartext = (origin: unknown) => typeof origin === 'string' && origin.startsWith('http://');

const startedWith = (flag: RegExp, environment: NodeJS.ProcessEnv) =>
  [...process.execArgv, environment['NODE_OPTIONS'] ?? ''].some((text) => flag.test(text));
