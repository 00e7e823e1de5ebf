import { createApp } from './app.ts';
import { TOKEN_HEADER } from './auth/chosen.ts';
import { ConfigError, loadConfig } from './config/index.ts';
import type { Config } from './config/index.ts';
import { ensureMigrated } from './database/migrator.ts';
import { createHttpServer, drain, listen, MANAGEMENT_LIMITS } from './http/listener/http-server.ts';
import { logSecurityEvent } from './observability/security-log.ts';
import { createReadiness } from './operations/readiness.ts';
import { createUpkeep } from './operations/upkeep.ts';
import type { Upkeep } from './operations/upkeep.ts';
import { upkeepTasks } from './operations/upkeep-tasks.ts';
import { stopOnSignals } from './operations/shutdown.ts';
import { managementHandler } from './operations/management.ts';
import { flushLog } from './observability/standard-output.ts';
import { createFeatures } from './routes.ts';
import { migrationsOf, requireTables } from './feature.ts';
import { features } from './features.ts';
import { createServices } from './services.ts';
import type { ServiceOverrides, Services } from './services.ts';

/** How long running requests may take to finish after a signal, in milliseconds. */
const STOP_DEADLINE_MS = 10_000;

export interface RunningServer {
  readonly port: number;
  readonly managementPort: number;
  readonly services: Services;
  /** `start` does not start it; the program does. */
  readonly upkeep: Upkeep;
  /** Lets running requests finish, then closes both listeners and the database. Further calls return the same promise. */
  stop(): Promise<void>;
}

/**
 * Starts both listeners.
 *
 * @param overrides replacements for tests. Default: none
 * @throws Error when the database cannot be reached, migrations are pending in production or a port is taken
 */
export async function start(config: Config, overrides: ServiceOverrides = {}): Promise<RunningServer> {
  const services = createServices(config, overrides);
  const { log, metrics } = services;
  const { trustedProxies } = config;
  const needs = { log, metrics, trustedProxies };
  const readiness = createReadiness(services);
  const upkeep = createUpkeep(services, upkeepTasks(services, features));
  const main = createHttpServer(createApp(services, createFeatures(services)), needs);
  const management = createHttpServer(managementHandler(services, readiness), needs, MANAGEMENT_LIMITS);

  async function shutDown(): Promise<void> {
    readiness.drain();
    await Promise.all([upkeep.stop(), drain(main, STOP_DEADLINE_MS)]);
    await drain(management, 0);
    logSecurityEvent(services, 'sys_shutdown');
    await services.close();
  }

  try {
    const migrated = await ensureMigrated(services, migrationsOf(features));
    if (config.environment !== 'production') await requireTables(services.database, features);
    if (migrated.length > 0) log.info('database_migrated', { migrations: migrated });
    const managementPort = await listen(management, config.managementPort, config.managementHost);
    const port = await listen(main, config.port, config.host);
    logSecurityEvent(services, 'sys_startup', { environment: config.environment, host: config.host, port, managementPort });
    let stopping: Promise<void> | undefined;
    return { port, managementPort, services, upkeep, stop: () => (stopping ??= shutDown()) };
  } catch (error) {
    await shutDown();
    throw error;
  }
}

async function main(): Promise<void> {
  try {
    const config = loadConfig();
    const server = await start(config);
    stopOnSignals(server);
    server.upkeep.start();
    if (config.environment === 'development' && process.stdout.isTTY) process.stdout.write(firstRequest(config, server));
    if (/[@.]example\.(?:com|net|org)$/.test(config.securityContact)) {
      server.services.log.warn('security_contact_is_an_example', { hint: 'set SECURITY_CONTACT to an address that you read' });
    }
  } catch (error) {
    flushLog();
    process.stderr.write(`${describe(error)}\n`);
    process.exitCode = error instanceof ConfigError ? error.exitCode : 1;
  }
}

/** For people who start the server by hand. */
function firstRequest({ host }: Config, { port }: RunningServer): string {
  const url = `http://${host}:${port}`;
  return `\nAPI document: ${url}/docs\nA request:    curl -H "${TOKEN_HEADER} $(npm run --silent token)" ${url}/api/v1/me\n\n`;
}

/** One line for the terminal. A refused connection is an AggregateError that has a code but no message. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'The server could not start.';
  return error.message || ('code' in error ? `The server could not start: ${String(error.code)}` : error.name);
}

if (import.meta.main) await main();
