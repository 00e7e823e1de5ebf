import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, it } from 'node:test';
import { isPrivate } from '../src/config/environment.ts';
import { ConfigError, loadConfig, SETTING_NAMES } from '../src/config/index.ts';
import { freshSecrets } from './support/secrets.ts';
import { SECRET } from './support/strategy.ts';

const EXAMPLE = parseEnv(readFileSync(new URL('../.env.example', import.meta.url), 'utf8'));

const fresh = (): string => randomBytes(32).toString('base64url');

/** Settings whose value must be random. */
const SECRETS = Object.keys(freshSecrets()).filter((name) => SETTING_NAMES.includes(name));

const NO_SECRETS: readonly string[] = [
  '',
  'secret',
  'changeme-changeme-changeme-changeme-changeme-changeme',
  randomBytes(31).toString('base64url'),
  randomBytes(24).toString('hex'),
  'a'.repeat(64),
  'ab'.repeat(32),
  '0'.repeat(64),
  '0123456789abcdef0123456789abcdef',
  'your-256-bit-secret-your-256-bit-secret-your-256',
];

const DEVELOPMENT: NodeJS.ProcessEnv = { ...EXAMPLE, ...freshSecrets() };

const PRODUCTION: NodeJS.ProcessEnv = {
  ...DEVELOPMENT,
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://api.example.com',
  DATABASE_URL: EXAMPLE['DATABASE_URL']?.replace(':app@', `:${fresh()}@`),
  SMTP_URL: 'smtps://mail.example.com',
  BCRYPT_COST: '12',
};

/** Names of the settings that are refused; empty when all are valid. */
function refused(environment: NodeJS.ProcessEnv): string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.mistakes.map(({ name }) => name);
  }
}

const GARBAGE: Record<string, string[]> = {
  NODE_ENV: ['', 'prod', 'Production', 'development '],
  HOST: ['everywhere', '0.0.0.0.0', 'localhost:1'],
  PORT: ['-1', '65536', '1e3', '0x50', '80 ', 'http', '1.5'],
  MANAGEMENT_HOST: ['*'],
  MANAGEMENT_PORT: ['99999', 'x'],
  PUBLIC_URL: [
    '',
    'api.example.com',
    'https://api.example.com/',
    'https://api.example.com/path',
    'https://user:pw@api.example.com',
    'data:text/html,x',
    'ftp://example.com',
  ],
  ALLOWED_HOSTS: ['*', '*.example.com', 'https://example.com', 'a b', 'a/b', 'user@example.com', 'a:1'],
  TRUSTED_PROXIES: ['true', '*', '1', '0.0.0.0/0', '::/0', 'loopback', 'uniquelocal', '10.0.0.0/33', 'proxy.example.com', '10.0.0.1,true'],
  CORS_ORIGINS: ['*', 'null', 'https://app.example.com/', 'app.example.com', 'https://*.example.com', 'https://a.example.com,*'],
  SMTP_URL: ['mail.example.com', 'https://mail.example.com', 'file:///etc/passwd'],
  MAIL_FROM: ['', 'nobody', 'a@example.com\nBcc: b@example.com', 'a@example.com, b@example.com'],
  SECURITY_CONTACT: ['', 'someone', 'http://example.com', 'a@example.com\nExpires: never', 'data:text/html,x'],
  LOG_LEVEL: ['verbose', 'INFO'],
  RATE_LIMIT_MAX: ['0', '-1', 'NaN', 'Infinity', '1e9', ' '],
  RATE_LIMIT_WINDOW_SECONDS: ['0', 'x'],
  USER_RATE_LIMIT_MAX: ['0', 'x'],
  LOGIN_LIMIT_MAX: ['0', 'x'],
  BCRYPT_COST: ['9', '31', 'x'],
  DATABASE_URL: ['', 'nowhere', 'mysql://localhost/x', 'https://example.com'],
  ...(SETTING_NAMES.includes('MIGRATION_DATABASE_URL') && {
    MIGRATION_DATABASE_URL: ['nowhere', 'https://example.com', 'postgresql://owner:pw@localhost/another_database'],
  }),
  ...Object.fromEntries(
    SECRETS.flatMap((name) => [
      [name, NO_SECRETS],
      [`${name}_PREVIOUS`, NO_SECRETS.filter((value) => value !== '')],
    ]),
  ),
};

describe('configuration', () => {
  it('valid settings are accepted and the config is frozen', () => {
    assert.deepEqual(refused(DEVELOPMENT), []);
    assert.deepEqual(refused(PRODUCTION), []);
    const config = loadConfig(PRODUCTION);
    assert.ok(Object.isFrozen(config));
    assert.throws(() => {
      (config as { trustedProxies: unknown }).trustedProxies = ['0.0.0.0/0'];
    }, TypeError);
    assert.throws(() => {
      (config.trustedProxies as string[]).push('0.0.0.0/0');
    }, TypeError);
  });

  it('an invalid setting is refused by name and not replaced by its default', () => {
    const missing = SETTING_NAMES.filter((name) => !(name in GARBAGE) && !name.startsWith('DATABASE_'));
    assert.deepEqual(missing, [], `no invalid value of ${missing.join(', ')} is tried: add some to GARBAGE in this file`);
    for (const [name, values] of Object.entries(GARBAGE)) {
      for (const value of values) assert.deepEqual(refused({ ...DEVELOPMENT, [name]: value }), [name], `${name}=${value}`);
    }
  });

  it('the previous secret may be missing, but not the same as the present one', () => {
    for (const name of SECRETS) {
      const previous = `${name}_PREVIOUS`;
      assert.deepEqual(refused({ ...DEVELOPMENT, [previous]: '' }), []);
      assert.deepEqual(refused({ ...DEVELOPMENT, [previous]: fresh() }), []);
      assert.deepEqual(refused({ ...DEVELOPMENT, [previous]: DEVELOPMENT[name] }), [previous]);
    }
  });

  it('an empty environment is refused with the name of each missing setting', () => {
    const missing = refused({});
    for (const name of ['NODE_ENV', 'PUBLIC_URL', 'DATABASE_URL', ...SECRETS, 'SECURITY_CONTACT']) assert.ok(missing.includes(name), name);
  });

  it('defaults are safe: loopback, no trusted proxy, no CORS origin, bcrypt cost 12', () => {
    const required = ['NODE_ENV', 'PUBLIC_URL', 'DATABASE_URL', ...SECRETS, 'SECURITY_CONTACT', 'MAIL_FROM'];
    const config = loadConfig(Object.fromEntries(required.map((name) => [name, DEVELOPMENT[name]])));
    const { bcryptCost, corsOrigins, host, managementHost, trustedProxies } = config;
    assert.deepEqual(
      { bcryptCost, corsOrigins, host, managementHost, trustedProxies },
      { bcryptCost: 12, corsOrigins: [], host: '127.0.0.1', managementHost: '127.0.0.1', trustedProxies: [] },
    );
    assert.ok(config.rateLimitMax <= 1000 && config.userRateLimitMax <= 1000 && config.loginLimitMax <= 20);
  });

  it('all invalid settings are reported at once, without their values', () => {
    const environment = {
      ...DEVELOPMENT,
      PORT: 'CANARY',
      [SECRET]: 'CANARY',
      CORS_ORIGINS: 'CANARY',
      DATABASE_URL: 'CANARY',
      MAIL_FROM: 'CANARY',
      PUBLIC_URL: 'CANARY',
    };
    assert.throws(
      () => loadConfig(environment),
      (error: Error) => {
        for (const name of ['PORT', SECRET, 'CORS_ORIGINS', 'DATABASE_URL', 'MAIL_FROM', 'PUBLIC_URL'])
          assert.match(error.message, new RegExp(`\\b${name}\\b`));
        return !(error.message + JSON.stringify(error)).includes('CANARY');
      },
    );
  });

  it('a missing setting is called missing, and one with a wrong value is not', () => {
    const rules = (environment: NodeJS.ProcessEnv) => {
      let found: unknown;
      assert.throws(
        () => loadConfig(environment),
        (error) => (found = error) instanceof ConfigError,
      );
      return (found as ConfigError).mistakes.map(({ rule }) => rule);
    };
    const { PUBLIC_URL: _, ...without } = DEVELOPMENT;
    assert.match(rules(without)[0] ?? '', /^is missing: it must be /);
    assert.match(rules({ ...DEVELOPMENT, PUBLIC_URL: 'none' })[0] ?? '', /^must be /);
  });

  it('production refuses insecure settings', () => {
    const cases: [string, NodeJS.ProcessEnv][] = [
      ['PUBLIC_URL', { PUBLIC_URL: 'http://api.example.com' }],
      ['CORS_ORIGINS', { CORS_ORIGINS: 'http://app.example.com' }],
      ['SMTP_URL', { SMTP_URL: '' }],
      ['BCRYPT_COST', { BCRYPT_COST: '11' }],
      ['NODE_TLS_REJECT_UNAUTHORIZED', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
      ['NODE_OPTIONS', { NODE_OPTIONS: '--inspect=0.0.0.0' }],
      ['NODE_OPTIONS', { NODE_OPTIONS: '--insecure-http-parser' }],
    ];
    for (const [name, change] of cases) assert.deepEqual(refused({ ...PRODUCTION, ...change }), [name], JSON.stringify(change));
  });

  it('production refuses a well-known database password', () => {
    if (!EXAMPLE['DATABASE_URL']?.startsWith('postgres')) return;
    const [DATABASE_URL, weak] = ['a-long-random-word', 'owner'].map((password) => `postgres://owner:${password}@127.0.0.1:5432/app`);
    assert.deepEqual(refused({ ...PRODUCTION, DATABASE_URL, MIGRATION_DATABASE_URL: weak }), ['MIGRATION_DATABASE_URL']);
    for (const password of ['app', 'postgres', 'password', 'changeme', 'secret', 'example']) {
      assert.deepEqual(
        refused({ ...PRODUCTION, DATABASE_URL: `postgres://app:${password}@127.0.0.1:5432/app` }),
        ['DATABASE_URL'],
        password,
      );
    }
  });

  it('a secret file is refused when others can read it or when the setting is given twice', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'settings-'));
    t.after(() => {
      rmSync(folder, { recursive: true });
    });
    const path = join(folder, 'secret');
    writeFileSync(path, `${fresh()}\n`, { mode: 0o600 });
    const { [SECRET]: secret, ...rest } = DEVELOPMENT;
    const file = `${SECRET}_FILE`;
    assert.deepEqual(refused({ ...rest, [file]: path }), []);
    assert.deepEqual(refused({ ...rest, [SECRET]: secret, [file]: path }), [file]);
    assert.deepEqual(refused({ ...rest, [file]: join(folder, 'absent') }), [file]);
    for (const mode of [0o640, 0o604, 0o644]) {
      chmodSync(path, mode);
      assert.deepEqual(refused({ ...rest, [file]: path }), [file], mode.toString(8));
    }
  });

  it('a secret file readable by a group is accepted only if another user owns it and the process is in the group', () => {
    const process = { uid: 10001, groups: [10001, 20000] };
    const kubernetes = { mode: 0o100440, uid: 0, gid: 20000 };
    assert.ok(isPrivate(kubernetes, process));
    assert.ok(isPrivate({ mode: 0o100400, uid: 10001, gid: 10001 }, process));
    assert.ok(!isPrivate({ ...kubernetes, gid: 30000 }, process), 'a group of somebody else');
    assert.ok(!isPrivate({ ...kubernetes, uid: 10001 }, process), 'its own file needs no group');
    assert.ok(!isPrivate({ ...kubernetes, mode: 0o100460 }, process), 'the group can write');
    assert.ok(!isPrivate({ ...kubernetes, mode: 0o100444 }, process), 'everybody can read');
    assert.ok(!isPrivate({ ...kubernetes, mode: 0o100402 }, process), 'everybody can write');
    assert.ok(!isPrivate({ ...kubernetes, mode: 0o100450 }, process), 'the group can execute');
  });

  it('a _FILE variable of another program is ignored', () => {
    assert.deepEqual(refused({ ...DEVELOPMENT, SSL_CERT_FILE: '/nonexistent', GIT_CONFIG_FILE: '/nonexistent', FOO_FILE: '/' }), []);
  });

  it('a variable named like a property of every object is ignored', () => {
    assert.deepEqual(refused({ ...DEVELOPMENT, constructor_FILE: '/', toString: '1' }), []);
  });
});
