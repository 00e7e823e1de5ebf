import { existsSync } from 'node:fs';
import type { z } from 'zod';
import { crossChecks } from './cross-checks.ts';
import { readSettings } from './environment.ts';
import type { Mistake } from './environment.ts';
import { baseSettings } from './base.ts';
import { authSettings, databaseSettings } from './chosen.ts';

const schema = { ...baseSettings, ...databaseSettings, ...authSettings };

type Settings = { readonly [Name in keyof typeof schema]: z.output<(typeof schema)[Name]> };
type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<Name>;

/** Checked settings, frozen: `RATE_LIMIT_MAX` is `rateLimitMax`; `NODE_ENV` is `environment`. */
export type Config = {
  readonly [Name in Exclude<keyof Settings, 'NODE_ENV'> as CamelCase<Name>]: Settings[Name];
} & { readonly environment: Settings['NODE_ENV'] };

/** Names of all settings. */
export const SETTING_NAMES: readonly string[] = Object.keys(schema);

/** Invalid settings. The message names every mistake and its rule, never a value. */
export class ConfigError extends Error {
  /** Exit status for an invalid configuration. Source: sysexits.h, EX_CONFIG. */
  readonly exitCode = 78;
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const lines = mistakes.map(({ name, rule }) => `  ${name} ${rule}`);
    super(['The configuration is invalid:', ...lines, '.env.example explains each setting; npm run setup writes a new .env.'].join('\n'));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/**
 * Reads and checks all settings. No other code reads the environment.
 *
 * @param environment default: the environment of the process; `.env` adds what is missing there
 * @throws ConfigError naming every mistake at once
 */
export function loadConfig(environment: NodeJS.ProcessEnv = processEnvironment()): Config {
  const raw = readSettings(SETTING_NAMES, environment);
  const mistakes = [...raw.mistakes];
  const settings = new Map<string, unknown>();
  for (const [name, rule] of Object.entries(schema)) {
    if (raw.mistakes.some((mistake) => mistake.name === `${name}_FILE`)) continue;
    const text = raw.values.get(name);
    const result = rule.safeParse(text);
    if (result.success) settings.set(name, result.data);
    else
      mistakes.push({ name, rule: `${text === undefined ? 'is missing: it ' : ''}must be ${result.error.issues[0]?.message ?? 'valid'}` });
  }
  const wrong = new Set(mistakes.map(({ name }) => name));
  mistakes.push(...crossChecks(settings, environment).filter(({ name }) => !wrong.has(name)));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return complete(Object.fromEntries(settings) as Settings);
}

function complete({ NODE_ENV, ...settings }: Settings): Config {
  const named = Object.entries(settings).map(([name, value]) => [camelCase(name), value]);
  const config = { environment: NODE_ENV, ...Object.fromEntries(named) } as Config;
  const allowedHosts = [...new Set([new URL(config.publicUrl).hostname, ...config.allowedHosts])];
  return freeze({ ...config, allowedHosts });
}

function freeze(config: Config): Config {
  for (const value of Object.values(config)) if (Array.isArray(value)) Object.freeze(value);
  return Object.freeze(config);
}

const camelCase = (name: string) => name.toLowerCase().replace(/_[a-z]/g, (match) => match.slice(1).toUpperCase());

function processEnvironment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}
