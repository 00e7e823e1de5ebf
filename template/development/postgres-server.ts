import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The version of the deployed database. The address contains the registry, because Podman assumes none. */
const IMAGE = 'docker.io/library/postgres:18.6-bookworm@sha256:3725f4e2499eef5134592b3b4ab79a543ed7f8e533b05b5b637af926630f6650';

export const ADMINISTRATOR = 'postgres';

const DEBIAN = '/usr/lib/postgresql';

/** A lost database is no harm here, and tests create hundreds of them. */
const WITHOUT_SYNC = ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'];

const INSTALL: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'sudo apt-get install podman     (Debian, Ubuntu; on Fedora: sudo dnf install podman)',
  darwin: 'brew install podman && podman machine init && podman machine start',
  win32: 'winget install Docker.DockerDesktop     (then start Docker Desktop)',
};

interface ServerOptions {
  readonly port: number;
  /** Of the account `ADMINISTRATOR`. */
  readonly password: string;
  /** Of the container. */
  readonly name: string;
}

export interface PostgresServer {
  readonly process: ChildProcess;
  /** For people: the program that runs the server. */
  readonly source: string;
  /** The last lines that the server printed. */
  output(): string;
  stop(): void;
  /** Deletes its files, after it has ended. */
  remove(): void;
}

/**
 * Starts a PostgreSQL server on 127.0.0.1 without data: in a container where Docker or Podman runs, otherwise from the
 * programs of an installed PostgreSQL.
 *
 * @throws Error with the next steps when this machine has neither, or when the image or the data folder cannot be made
 */
export function startPostgres(options: ServerOptions): PostgresServer {
  const engine = ['docker', 'podman'].find((name) => succeeds(name, ['ps']));
  if (engine !== undefined) return inContainer(engine, options);
  const programs = programFolders().find((folder) => succeeds(join(folder, 'initdb'), ['--version']));
  if (programs === undefined) throw new Error(nextSteps());
  if (process.getuid?.() === 0)
    throw new Error('PostgreSQL refuses to run as root. Run this command as another user, or start Docker or Podman.');
  return installed(programs, options);
}

const succeeds = (program: string, words: readonly string[]) => spawnSync(program, words, { stdio: 'ignore' }).status === 0;

/** An empty name stands for the folders of PATH. Debian has each version in a folder of its own, outside PATH. */
function programFolders(): string[] {
  try {
    const versions = readdirSync(DEBIAN).sort((one, other) => Number(other) - Number(one));
    return ['', ...versions.map((version) => join(DEBIAN, version, 'bin'))];
  } catch {
    return [''];
  }
}

const nextSteps = () =>
  [
    'Neither a running Docker or Podman nor an installed PostgreSQL was found. Install one and run this command again:',
    `  ${INSTALL[process.platform] ?? 'install Podman, Docker or PostgreSQL'}`,
    'Or set DATABASE_URL in .env to a server of yours. For npm test its account must be allowed to create databases and roles.',
  ].join('\n');

function inContainer(engine: string, { port, password, name }: ServerOptions): PostgresServer {
  if (!succeeds(engine, ['image', 'inspect', IMAGE])) run(engine, ['pull', IMAGE], 'The image of PostgreSQL could not be loaded.');
  const limits = ['--user=999:999', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--tmpfs=/var/lib/postgresql:mode=1777'];
  // Without a value the engine takes it from the environment: arguments are visible to every user of the machine.
  const words = ['run', '--rm', `--name=${name}`, `--publish=127.0.0.1:${port}:5432`, '--env=POSTGRES_PASSWORD', ...limits, IMAGE];
  return {
    ...started(engine, words, { ...process.env, POSTGRES_PASSWORD: password }),
    source: engine,
    // `kill` also ends a container that is still creating its files, which ignores other signals.
    stop: () => void succeeds(engine, ['kill', name]),
    remove: () => undefined,
  };
}

function installed(programs: string, { port, password }: ServerOptions): PostgresServer {
  const folder = mkdtempSync(join(tmpdir(), 'development-database-'));
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const data = join(folder, 'data');
    const passwordFile = join(folder, 'password');
    // eslint-disable-next-line security/detect-non-literal-fs-filename -- in the folder that was made above
    writeFileSync(passwordFile, password, { mode: 0o600 });
    const login = [`--username=${ADMINISTRATOR}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    run(join(programs, 'initdb'), [`--pgdata=${data}`, '--encoding=UTF8', '--no-sync', ...login], 'The data folder could not be made.');
    const address = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
    const server = started(join(programs, 'postgres'), ['-D', data, ...address, ...WITHOUT_SYNC], process.env);
    return { ...server, source: 'installed on this machine', stop: () => void server.process.kill('SIGINT'), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function run(program: string, words: readonly string[], failure: string): void {
  const { status } = spawnSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${failure} The lines above say why.`);
}

/** In a process group of its own: Ctrl-C in the terminal reaches this process only, which then stops the server. */
function started(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Pick<PostgresServer, 'output' | 'process'> {
  const lines: string[] = [];
  const child = spawn(program, words, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      lines.push(text);
      lines.splice(0, lines.length - 40);
    });
  }
  child.on('error', (error) => lines.push(error.message));
  return { process: child, output: () => lines.join('').trimEnd() };
}
