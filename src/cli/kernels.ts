/**
 * Whether other kernels of the BLAS in use would be faster here: a quick measurement, each choice of
 * OPENBLAS_CORETYPE in a process of its own.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BlasInfo, blasInfo } from '../linalg/index.ts';
import { native } from '../native.ts';
import { table } from './table.ts';

const OPERATIONS = ['product', 'solve', 'Cholesky'] as const;
type Operation = (typeof OPERATIONS)[number];

/** Processor time of each operation, in seconds. */
type Times = Readonly<Record<Operation, number>>;

/** Kernels and how fast they are. */
export interface MeasuredKernels {
  readonly core: string;
  /** Whether they run where OPENBLAS_CORETYPE is not set. */
  readonly inUse: boolean;
  readonly seconds: Times;
}

const SIZE = 384;
const ROUNDS = 5;

/** Below this a difference may be the machine's. */
const WORTH = 1.1;

/** Feature bits to leave out (see `native/blas/kernels.h`), for the next best kernels each. */
const WITHOUT = [0, 0x1f8, 0x1fe, 0x800, 0xc00];

/** The kernels that this processor can run and that might be its best. */
function candidates(inUse: string): string[] {
  const bits = native.blas.processorFeatures();
  const cores = WITHOUT.map((mask) => native.blas.chooseCore(bits & ~mask, 0));
  return [...new Set([inUse, ...cores.filter((core) => core !== null)])];
}

function program(): string {
  const here = fileURLToPath(import.meta.url);
  const linalg = path.join(path.dirname(here), `../linalg/index${path.extname(here)}`);
  return `
    const { blasInfo, choleskySync, matmulSync, solveSync } = await import(${JSON.stringify(pathToFileURL(linalg).href)});
    const n = ${SIZE};
    const data = Float64Array.from({ length: n * n }, (_, i) => Math.sin((i % n) * ((i / n) | 0)));
    for (let i = 0; i < n; i++) data[i * n + i] = 2 * n;
    const a = { data, shape: [n, n] };
    const operations = [() => matmulSync(a, a), () => solveSync(a, a), () => choleskySync(a)];
    const seconds = operations.map((operation) => {
      operation();
      let best = Infinity;
      for (let i = 0; i < 7; i++) {
        const start = process.cpuUsage();
        operation();
        const { user, system } = process.cpuUsage(start);
        best = Math.min(best, (user + system) / 1e6);
      }
      return best;
    });
    console.log(JSON.stringify({ core: blasInfo().architecture, seconds }));`;
}

/** Runs the measurement once with these kernels; undefined where the library hasn't got them. */
function run(core: string): number[] | undefined {
  const out = execFileSync(
    process.execPath,
    [...process.execArgv, '--input-type=module', '-e', program()],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        OPENBLAS_CORETYPE: core,
        OPENBLAS_NUM_THREADS: '1',
        OMP_NUM_THREADS: '1',
      },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const found = JSON.parse(out) as { core: string; seconds: number[] };
  return found.core.toLowerCase() === core.toLowerCase() ? found.seconds : undefined;
}

/** Measures all kernels in turns, and keeps each one's best times: the machine may be busy. */
function measure(inUse: string): MeasuredKernels[] {
  const best = new Map<string, number[]>();
  let cores = candidates(inUse);
  for (let round = 0; round < ROUNDS; round++) {
    cores = cores.filter((core) => {
      const seconds = run(core);
      if (!seconds) return false;
      const before = best.get(core);
      best.set(core, before ? before.map((one, i) => Math.min(one, seconds[i] ?? one)) : seconds);
      return true;
    });
  }
  return [...best].map(([core, seconds]) => ({
    core,
    inUse: core === inUse,
    seconds: Object.fromEntries(OPERATIONS.map((name, i) => [name, seconds[i]])) as Times,
  }));
}

/** What to make of the measurement, a sentence each. */
export function kernelSentences(measured: readonly MeasuredKernels[]): string[] {
  const own = measured.find((one) => one.inUse);
  if (!own) return [];
  const sentences: string[] = [];
  for (const operation of OPERATIONS) {
    const others = measured.filter((one) => !one.inUse);
    others.sort((a, b) => a.seconds[operation] - b.seconds[operation]);
    const [best] = others;
    const gain = best ? own.seconds[operation] / best.seconds[operation] : 0;
    if (!best || gain < WORTH) continue;
    sentences.push(
      `OPENBLAS_CORETYPE=${best.core} would make '${operation}' of ${SIZE} x ${SIZE} ` +
        `${gain.toFixed(2)} times as fast as ${own.core} does.`,
    );
  }
  if (sentences.length === 0) {
    sentences.push(`No other kernels are faster by more than a tenth than ${own.core}.`);
  }
  return sentences;
}

/** Runs the command and returns the exit status. */
export function kernels(options: { readonly json?: boolean }): number {
  const blas: BlasInfo = blasInfo();
  if (blas.library !== 'openblas' || blas.chosenBy === '') {
    throw new Error(`only OpenBLAS has kernels to choose from, and ${blas.file} is in use`);
  }
  const measured = measure(blas.architecture);
  const sentences = kernelSentences(measured);
  const text = options.json
    ? JSON.stringify(
        { file: blas.file, chosenBy: blas.chosenBy, kernels: measured, sentences },
        null,
        2,
      )
    : [
        table(
          ['kernels', ...OPERATIONS.map((name) => `${name} (ms)`)],
          measured.map(({ core, inUse, seconds }) => [
            inUse ? `${core} (in use)` : core,
            ...OPERATIONS.map((name) => (seconds[name] * 1000).toFixed(2)),
          ]),
        ),
        '',
        ...sentences,
      ].join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
}
