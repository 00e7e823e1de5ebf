import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

const PATIENCE_MS = 60_000;

export interface Exit {
  readonly code: unknown;
  readonly output: string;
}

/** An empty folder that is removed after the test. */
export function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tools-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** The reason to skip a test if a program is not installed. */
export function missing(program: string): string | false {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return !folders.some((folder) => existsSync(join(folder, program))) && `${program} is not in PATH`;
}

/** Runs git or npm in a folder, with the settings of that folder only: those of the user or of a git hook can hide a mistake. */
export function run(program: 'git' | 'npm', folder: string, ...words: readonly string[]): Promise<Exit> {
  const home = join(folder, 'home');
  const env = { PATH: process.env['PATH'], HOME: home, GIT_CONFIG_NOSYSTEM: '1', npm_config_globalconfig: join(home, 'npmrc') };
  return new Promise((resolve) => {
    execFile(program, words, { cwd: folder, env, timeout: PATIENCE_MS }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, output: stdout + stderr });
    });
  });
}
