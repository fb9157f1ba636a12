/** Makes contenders of functions in this process, of whole processes and of Python code. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpuBetween, readCpu } from './cpu.ts';
import { pythonHelper } from './python.ts';
import type { Contender, Measured, Running, Sample } from './types.ts';

/** A package that a contender needs is not installed. */
export class MissingPeer extends Error {
  constructor(peer: string, remedy: string, options?: ErrorOptions) {
    super(`the peer '${peer}' is not installed: ${remedy}`, options);
    this.name = 'MissingPeer';
  }
}

/** Versions of the peers that took part, for the report. */
export const peerVersions = new Map<string, string>();

/** Imports a peer from npm; an error names the package where it is not installed. */
export async function peer<T = Record<string, unknown>>(name: string): Promise<T> {
  try {
    const module = (await import(name)) as T;
    try {
      const manifest = createRequire(import.meta.url)(`${name}/package.json`) as {
        version: string;
      };
      peerVersions.set(name, manifest.version);
    } catch {
      peerVersions.set(name, 'installed'); // its exports hide package.json
    }
    return module;
  } catch (cause) {
    throw new MissingPeer(name, `npm install --save-dev ${name}`, { cause });
  }
}

const isMeasured = Symbol('measured');
type MarkedMeasured = Measured & { readonly [isMeasured]: true };

/** Marks what a run returns as its measurements, as opposed to its result. */
export function measured(value: Measured): Measured {
  return { ...value, [isMeasured]: true } as MarkedMeasured;
}

function measuredOf(value: unknown): Measured {
  return typeof value === 'object' && value !== null && isMeasured in value
    ? (value as Measured)
    : {};
}

interface Loop {
  sync(run: () => unknown, iterations: number): unknown;
  async(run: () => unknown, iterations: number): Promise<unknown>;
}

/**
 * The loops around a contender's function. They are compiled anew for each contender: a call in a
 * loop that all shared would be megamorphic, and slower for those that come later.
 */
function freshLoop(): Loop {
  return new Function(`return {
    sync(run, n) { let last; for (let i = 0; i < n; i++) last = run(); return last; },
    async async(run, n) { let last; for (let i = 0; i < n; i++) last = await run(); return last; },
  }`)() as Loop;
}

export interface Prepared {
  /** One iteration. */
  run?: () => unknown;
  /** All iterations, for work whose loop should be its own (many calls in flight, say). */
  loop?: (iterations: number) => unknown;
  /** The result that `verify` sees, where a run's own return value is not it. */
  result?: () => unknown;
  close?: () => void | Promise<void>;
}

/** A contender that runs in this process. */
export function inProcess(
  name: string,
  setup: () => Prepared | Promise<Prepared>,
  options: { readonly once?: boolean } = {},
): Contender {
  return {
    name,
    ...(options.once ? { once: true } : {}),
    async start(): Promise<Running> {
      const prepared = await setup();
      const loop = freshLoop();
      const { run } = prepared;
      if (!run && !prepared.loop) throw new TypeError(`contender '${name}' has no run and no loop`);
      let isAsync: boolean | undefined;
      const once = async () => {
        const value = run ? run() : prepared.loop!(1);
        isAsync = value instanceof Promise;
        return await value;
      };
      return {
        async sample(iterations): Promise<Sample> {
          if (isAsync === undefined) await once();
          const before = readCpu();
          const start = process.hrtime.bigint();
          let value: unknown;
          if (prepared.loop) value = await prepared.loop(iterations);
          else if (isAsync) value = await loop.async(run!, iterations);
          else value = loop.sync(run!, iterations);
          const seconds = Number(process.hrtime.bigint() - start) / 1e9;
          const cpu = cpuBetween(before, readCpu());
          const own = measuredOf(value);
          return {
            seconds: own.seconds ?? seconds,
            cpuSeconds: own.cpuSeconds ?? cpu,
            operations: own.operations ?? iterations,
            metrics: own.metrics ?? {},
          };
        },
        result: prepared.result ?? once,
        ...(prepared.close ? { close: prepared.close } : {}),
      };
    },
  };
}

/**
 * A contender that is a whole process, timed from its start to its end.
 *
 * A last line of output that is a JSON object with any of `seconds`, `cpuSeconds`, `operations`,
 * `metrics` replaces what was measured from outside; `result` in it is what `verify` sees.
 */
export function wholeProcess(
  name: string,
  command: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Contender {
  return {
    name,
    once: true,
    async start(): Promise<Running> {
      let lastResult: unknown;
      const once = () =>
        new Promise<Measured>((resolve, reject) => {
          const child = spawn(command, args, {
            env: { ...process.env, ...options.env },
            stdio: ['ignore', 'pipe', 'inherit'],
            ...(options.cwd ? { cwd: options.cwd } : {}),
          });
          let output = '';
          child.stdout.setEncoding('utf8').on('data', (text: string) => {
            output += text;
          });
          child.on('error', (cause) =>
            reject(new MissingPeer(command, `'${command}' could not be run`, { cause })),
          );
          child.on('close', (code, signal) => {
            if (code !== 0) {
              reject(new Error(`contender '${name}' ended with ${signal ?? `exit code ${code}`}`));
              return;
            }
            const last = output.trimEnd().split('\n').at(-1) ?? '';
            const told = last.startsWith('{')
              ? (JSON.parse(last) as Measured & { result?: unknown })
              : {};
            lastResult = 'result' in told ? told.result : output;
            resolve(told);
          });
        });
      return {
        async sample(): Promise<Sample> {
          const before = readCpu();
          const start = process.hrtime.bigint();
          const own = await once();
          const seconds = Number(process.hrtime.bigint() - start) / 1e9;
          const cpu = cpuBetween(before, readCpu());
          return {
            seconds: own.seconds ?? seconds,
            cpuSeconds: own.cpuSeconds ?? cpu,
            operations: own.operations ?? 1,
            metrics: own.metrics ?? {},
          };
        },
        async result() {
          await once();
          return lastResult;
        },
      };
    },
  };
}

let pythonCount = 0;

export interface PythonOptions {
  /** Python modules the source imports, each with the Debian package that brings it. */
  readonly modules: Readonly<Record<string, string>>;
  /** Python that defines `setup(params)`, which returns the function to time; `close()` if needed. */
  readonly source: string;
  readonly params?: unknown;
  /** Variables that must be set before the process starts, such as OPENBLAS_NUM_THREADS. */
  readonly env?: Readonly<Record<string, string>>;
  readonly once?: boolean;
}

/** A contender in Python, run by a helper process that lives as long as the benchmark. */
export function python(name: string, options: PythonOptions): Contender {
  return {
    name,
    ...(options.once ? { once: true } : {}),
    async start(): Promise<Running> {
      const helper = pythonHelper(options.env ?? {});
      const id = `${name} ${pythonCount++}`;
      const ask = async (action: string, more: object = {}) => {
        const answer = await helper.ask({ action, id, ...more });
        if (typeof answer.error === 'string') {
          throw new Error(`contender '${name}': ${answer.error}\n${String(answer.trace)}`);
        }
        return answer;
      };
      const defined = await ask('define', {
        modules: Object.keys(options.modules),
        source: options.source,
        params: options.params ?? null,
      });
      if (typeof defined.missing === 'string') {
        const debian = options.modules[defined.missing];
        throw new MissingPeer(
          defined.missing,
          `apt-get install ${debian} (${String(defined.why)})`,
        );
      }
      peerVersions.set('python', String(defined.python));
      for (const [module, version] of Object.entries(defined.versions as Record<string, string>)) {
        if (version) peerVersions.set(module, version);
      }
      return {
        async sample(iterations): Promise<Sample> {
          const before = readCpu();
          const answer = await ask('run', { iterations });
          // The tree's time holds this process's own share of waiting, a few microseconds.
          const tree = cpuBetween(before, readCpu());
          const own = (answer.measured ?? {}) as Measured;
          return {
            seconds: own.seconds ?? (answer.seconds as number),
            cpuSeconds: own.cpuSeconds ?? Math.max(answer.cpuSeconds as number, tree),
            operations: own.operations ?? iterations,
            metrics: own.metrics ?? {},
          };
        },
        async result() {
          return (await ask('result')).value;
        },
        async close() {
          await ask('close');
        },
      };
    },
  };
}
