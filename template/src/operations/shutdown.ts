import { logSecurityEvent } from '../observability/security-log.ts';
import type { SecurityLog } from '../observability/security-log.ts';
import { flushLog } from '../observability/standard-output.ts';

/** The parts of a running server that are needed to stop it. */
interface Stoppable {
  readonly services: SecurityLog;
  stop(): Promise<void>;
}

/**
 * Shuts down on a signal and lets running requests finish; a second signal ends the process at once. After an uncaught
 * error the state is unknown, so the process ends too, and its supervisor starts a new one.
 * Source: ASVS 5.0 16.5.2, 16.5.4.
 */
export function stopOnSignals(server: Stoppable): void {
  let ending = false;

  function end(code: number): void {
    if (ending) exit(1);
    ending = true;
    server.stop().then(
      () => {
        exit(code);
      },
      () => {
        exit(1);
      },
    );
  }

  function crash(error: unknown): void {
    logSecurityEvent(server.services, 'sys_crash', { error });
    end(1);
  }

  process.on('SIGTERM', () => {
    end(0);
  });
  process.on('SIGINT', () => {
    end(0);
  });
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}

function exit(code: number): never {
  flushLog();
  process.exit(code);
}
