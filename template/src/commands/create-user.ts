import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { createAccounts } from '../auth/account-store.ts';
import { createOneTimeTokens } from '../auth/one-time-token-store.ts';
import { issueOneTimeToken } from '../auth/one-time-tokens.ts';
import { newPassword, refuseGuessable } from '../auth/password-policy.ts';
import { ROLES } from '../access/policy.ts';
import { newAccount } from '../auth/new-account.ts';
import type { CreationOption } from '../auth/part.ts';
import { parts } from '../auth/parts.ts';
import { ConfigError, loadConfig } from '../config/index.ts';
import { inOneUnit } from '../database/unit-of-work.ts';
import { ensureMigrated } from '../database/migrator.ts';
import { migrationsOf } from '../feature.ts';
import { features } from '../features.ts';
import { canonicalEmail } from '../http/fields.ts';
import { Problem } from '../http/problem.ts';
import { tokenLink, tokenMinutes } from '../mail/messages.ts';
import { flushLog } from '../observability/standard-output.ts';
import { createServices } from '../services.ts';
import type { Services } from '../services.ts';

const LINK_MINUTES = tokenMinutes('reset-password');

/** What the answers of this project can add to a new account. */
const ADDITIONS = parts.flatMap(({ atCreation }) => (atCreation ? [atCreation] : []));

const USAGE = `Usage: npm run create-user -- --email ADDRESS [--role ${ROLES.join('|')}] [--link]${ADDITIONS.map(({ option }) => ` [--${option}]`).join('')}

Creates an account with a verified e-mail address. If a password is piped into standard input, the account gets that
password. Otherwise, or with --link, the command prints a one-time link to set the password (valid for ${LINK_MINUTES} minutes).`;

const EXIT = { refused: 1, usage: 2 } as const;

/** An error that the person at the terminal can correct. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface NewUser {
  readonly email: string;
  readonly role: (typeof ROLES)[number];
  readonly link: boolean;
  readonly additions: readonly CreationOption[];
}

function readArguments(): NewUser {
  const options = {
    email: { type: 'string' },
    role: { type: 'string', default: 'user' },
    link: { type: 'boolean', default: false },
    ...Object.fromEntries(ADDITIONS.map(({ option }) => [option, { type: 'boolean', default: false } as const])),
  } as const;
  const schema = z.object({ email: canonicalEmail(), role: z.enum(ROLES), link: z.boolean() });
  try {
    const values: Readonly<Record<string, unknown>> = { ...parseArgs({ options }).values };
    const given = new Set(Object.keys(values).filter((name) => Reflect.get(values, name) === true));
    return { ...schema.parse(values), additions: ADDITIONS.filter(({ option }) => given.has(option)) };
  } catch {
    throw new Refusal(EXIT.usage, USAGE);
  }
}

/** Not from the arguments: they are visible to every user of the machine and stay in the history of the shell. */
async function readPassword({ email, link }: NewUser): Promise<string | undefined> {
  if (link || process.stdin.isTTY) return undefined;
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (!password) return undefined;
  const { error } = newPassword().safeParse(password);
  if (error) throw new Refusal(EXIT.refused, `The password is refused: ${error.issues.map(({ message }) => message).join(', ')}.`);
  refuseGuessable(password, email);
  return password;
}

interface Created {
  /** To set the password, if none was given. */
  readonly token: string | undefined;
  readonly additions: readonly string[];
}

async function createUser(services: Services, { email, role, additions }: NewUser, password: string | undefined): Promise<Created> {
  const { database, passwords, clock } = services;
  const hash = password === undefined ? null : await passwords.hash(password);
  const now = clock();
  const row = newAccount({ email, role, passwordHash: hash, now });
  const tokens = createOneTimeTokens(database);
  return inOneUnit(database, async (unit) => {
    if (!(await createAccounts(database).enrol(unit, row)))
      throw new Refusal(EXIT.refused, `There is already an account for ${email}. Nothing was changed.`);
    const token =
      hash === null ? await issueOneTimeToken(tokens, unit, { email, userId: row.id, purpose: 'reset-password', now }) : undefined;
    const texts: string[] = [];
    for (const addition of additions) texts.push(await addition.add(services, unit, row));
    return { token, additions: texts };
  });
}

async function main(): Promise<void> {
  const user = readArguments();
  const services = createServices(loadConfig());
  try {
    const password = await readPassword(user);
    await ensureMigrated(services, migrationsOf(features));
    const { token, additions } = await createUser(services, user, password);
    console.log(`Created ${user.role} ${user.email}.`);
    if (token)
      console.log(`Set the password within ${LINK_MINUTES} minutes: ${tokenLink(services.config.publicUrl, 'reset-password', token)}`);
    for (const addition of additions) console.log(`\n${addition}`);
  } finally {
    await services.close();
    flushLog();
  }
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  return error instanceof ConfigError ? error.exitCode : EXIT.refused;
}

try {
  await main();
} catch (error) {
  const message = error instanceof Problem ? error.details.title : error instanceof Error ? error.message : 'The account was not created.';
  console.error(message);
  process.exitCode = statusOf(error);
}
