/**
 * What the tests of the engine share.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtUrl } from '../helpers/built.ts';

/** Every backend, with the options that choose it. */
export const everyBackend = [
  ['sequential', { backend: 'sequential', jobs: 1 }],
  ['threads', { backend: 'threads', jobs: 2 }],
  ['processes', { backend: 'processes', jobs: 2 }],
] as const;

/** The backends that have workers. */
export const workerBackends = everyBackend.slice(1);

export const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    (value) => {
      throw new Error(`expected an error, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

/** Waits until a condition holds; the machine may be slow. */
export async function until(condition: () => boolean, what: string, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for: ${what}`);
    await sleep(10);
  }
}

/**
 * The shortest of up to five tries, the first that is within `limit` at once: a machine that does
 * other things slows some of them, a mechanism that is too slow all.
 */
export async function fastest(limit: number, measure: () => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5 && best > limit; i++) best = Math.min(best, await measure());
  return best;
}

/** Whether a process is there (a zombie is not). */
export function isAlive(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Arguments for node to run a program that imports the built package as `heddle`. */
export function programArguments(code: string): string[] {
  const preamble = `import * as heddle from ${JSON.stringify(builtUrl)};\nconst heddleUrl = ${JSON.stringify(builtUrl)};\n`;
  return ['--input-type=module', '-e', preamble + code];
}

/** Runs a program, with flags of Node, to its end and gives its output. */
export function runProgram(
  code: string,
  flags: readonly string[] = [],
): { stdout: string; stderr: string; code: number | null } {
  const program = [...flags, ...programArguments(code)];
  const { stdout, stderr, status } = spawnSync(process.execPath, program, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    cwd: root,
  });
  return { stdout, stderr, code: status };
}

/** Starts a program. */
export function startProgram(code: string): ReturnType<typeof spawn> {
  return spawn(process.execPath, programArguments(code), {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: root,
  });
}
