import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { createTestDatabase } from './database.ts';
import { freshSecrets } from './secrets.ts';

/** Longer than any of these programs runs. One that hangs is killed, so that its test fails instead of waiting. */
const PATIENCE_MS = 45_000;

const SERVER = fileURLToPath(new URL('../../src/server.ts', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  /** Resolves with the ports once the program listens; rejects when it ends before. */
  readonly listening: Promise<{ readonly port: number; readonly managementPort: number }>;
  readonly ended: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

/** The settings of `.env.example` with a secret, free ports and an empty database. */
export async function exampleSettings(t: TestContext): Promise<NodeJS.ProcessEnv> {
  const database = await createTestDatabase();
  t.after(() => database.drop());
  const example = parseEnv(readFileSync(new URL('../../.env.example', import.meta.url), 'utf8'));
  return { ...example, PORT: '0', MANAGEMENT_PORT: '0', BCRYPT_COST: '10', ...freshSecrets(), ...database.settings };
}

/** Additional settings for production. */
export const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://api.example.com',
  ALLOWED_HOSTS: '127.0.0.1',
  SMTP_URL: 'smtps://mail.example.com',
  BCRYPT_COST: '12',
};

/**
 * Starts the server as operators do: in its own process, in an empty folder, with only `settings` as its environment.
 *
 * @param flags flags of Node.js, before the name of the program
 * @param dotEnv content of a file `.env` in that folder
 */
export function startProgram(t: TestContext, settings: NodeJS.ProcessEnv, flags: readonly string[] = [], dotEnv = ''): Program {
  const folder = mkdtempSync(join(tmpdir(), 'program-'));
  writeFileSync(join(folder, '.env'), dotEnv);
  const child = spawn(process.execPath, [...flags, SERVER], { cwd: folder, env: settings, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  const ports = Promise.withResolvers<{ port: number; managementPort: number }>();
  // A test may wait only for `ended`: then a rejection of `listening` must not be unhandled.
  ports.promise.catch(() => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const started = stdout.split('\n').find((line) => line.includes('"sys_startup"') && line.endsWith('}'));
    if (started !== undefined) ports.resolve(JSON.parse(started) as { port: number; managementPort: number });
  });
  const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const ended = new Promise<Exit>((resolve) => {
    child.on('close', (code) => {
      clearTimeout(patience);
      ports.reject(new Error(`ended with ${String(code)} before it listened: ${stderr}${stdout}`));
      resolve({ code, stdout, stderr });
    });
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  return { listening: ports.promise, ended, kill: (signal) => child.kill(signal) };
}
