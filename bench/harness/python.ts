/**
 * Long-lived Python processes for contenders written in Python.
 *
 * One process for each set of environment variables: thread counts are read when NumPy's BLAS is
 * loaded, and two settings can't be had in one process.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export const PYTHON = process.env.HEDDLE_BENCH_PYTHON ?? '/usr/bin/python3';

type Answer = Readonly<Record<string, unknown>>;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class PythonHelper {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: Waiting[] = [];

  constructor(environment: Readonly<Record<string, string>>) {
    const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'peer.py');
    this.#child = spawn(PYTHON, [script], {
      env: { ...process.env, PYTHONUNBUFFERED: '1', ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line) as Answer);
    });
    const fail = (error: Error) => {
      for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
    };
    this.#child.on('error', (error) =>
      fail(new Error(`${PYTHON} could not be run`, { cause: error })),
    );
    this.#child.on('exit', (code, signal) =>
      fail(new Error(`the Python helper ended (${signal ?? `exit code ${code}`})`)),
    );
    this.#child.stdin.on('error', () => {}); // the exit handler tells
    this.#child.unref();
  }

  ask(message: Readonly<Record<string, unknown>>): Promise<Answer> {
    this.#child.ref();
    return new Promise<Answer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${JSON.stringify(message)}\n`);
    }).finally(() => this.#child.unref());
  }

  end(): void {
    this.#child.stdin.end();
  }
}

const helpers = new Map<string, PythonHelper>();

/** The helper process with this environment, started at the first call. */
export function pythonHelper(environment: Readonly<Record<string, string>>): PythonHelper {
  const key = JSON.stringify(Object.entries(environment).sort());
  let helper = helpers.get(key);
  if (!helper) {
    helper = new PythonHelper(environment);
    helpers.set(key, helper);
  }
  return helper;
}

/** Ends all helpers; the harness calls it when a benchmark is done. */
export function endPythonHelpers(): void {
  for (const helper of helpers.values()) helper.end();
  helpers.clear();
}
