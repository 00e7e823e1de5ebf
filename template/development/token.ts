import { randomBytes } from 'node:crypto';
import { newAccount } from '../src/auth/new-account.ts';
import { loadConfig } from '../src/config/index.ts';
import type { Config } from '../src/config/index.ts';
import { createServices } from '../src/services.ts';
import { signInHeaders, tokenIn } from './tokens/chosen.ts';

/** `npm run dev` prints how to use the token. */
const EMAIL = 'developer@example.com';

/** Gives the sample account a new password that nobody knows. The account is created when it is missing. */
async function setPassword(config: Config, password: string): Promise<void> {
  const services = createServices(config);
  try {
    const { database, passwords, clock } = services;
    const passwordHash = await passwords.hash(password);
    await database
      .insertInto('users')
      .values(newAccount({ email: EMAIL, role: 'user', passwordHash, now: clock() }))
      .onConflict((conflict) => conflict.column('email').doUpdateSet({ password_hash: passwordHash }))
      .execute();
  } finally {
    await services.close();
  }
}

async function signIn(config: Config, address: string, password: string): Promise<string> {
  const response = await fetch(`${address}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...signInHeaders(config) },
    body: JSON.stringify({ email: EMAIL, password }),
  });
  if (!response.ok) throw new Error(`${address} refused the sign-in: ${response.status} ${await response.text()}`);
  return tokenIn(response);
}

/** The server has run the migrations, so the account can be written. */
async function requireServer(address: string): Promise<void> {
  await fetch(`${address}/healthz`).catch((error: unknown) => {
    throw new Error(`No server answers at ${address}. Start it first, in another terminal: npm run dev`, { cause: error });
  });
}

/** Prints a token of a sample account, for requests by hand. */
async function main(): Promise<void> {
  const config = loadConfig();
  if (config.environment === 'production') throw new Error('NODE_ENV is production: there is no sample account. Use npm run create-user.');
  const address = `http://${config.host}:${config.port}`;
  const password = randomBytes(24).toString('base64url');
  await requireServer(address);
  await setPassword(config, password);
  console.log(await signIn(config, address, password));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : 'There is no token.');
  process.exitCode = 1;
}
