/**
 * A cross-validated grid search on real data, on every core and no more.
 *
 *   npm run demo -- [--jobs N] [--backend processes|threads|sequential] [--trace FILE] [--short]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { cpuCount, describeParallel, invoker, type ParallelOptions, withConfig } from 'heddle';
import { blasInfo } from 'heddle/linalg';
import { readTable } from '../data/read.ts';
import { type Digits, type Score, score, type Task } from './ridge.ts';

const { values: flags } = parseArgs({
  options: {
    jobs: { type: 'string' },
    backend: { type: 'string', default: 'processes' },
    trace: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});

const gammas = flags.short ? [0.1, 1] : [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
const alphas = flags.short ? [1e-3, 1e-1] : [1e-4, 1e-3, 1e-2, 1e-1, 1];
const folds = 5;

function readDigits(): Digits {
  const { values, columns: width } = readTable('digits.csv.gz');
  const columns = width - 1;
  const rows = values.length / width;
  const pixels = new Float64Array(rows * columns);
  const labels = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      pixels[row * columns + column] = (values[row * width + column] as number) / 16;
    }
    labels[row] = values[row * width + columns] as number;
  }
  return { pixels, labels, columns, classes: 10, folds, alphas };
}

const digits = readDigits();
const tasks: Task[] = gammas.flatMap((gamma) =>
  Array.from({ length: folds }, (_, fold) => ({ gamma, fold })),
);

/** Runs the whole search and returns its scores and the seconds it took. */
async function search(options: ParallelOptions): Promise<{ scores: Score[]; seconds: number }> {
  await using workers = invoker(digits, score, options);
  const started = performance.now();
  const scores = await workers.map(tasks).toArray();
  return { scores, seconds: (performance.now() - started) / 1000 };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function report(scores: readonly Score[]): void {
  const rows = gammas.flatMap((gamma) =>
    alphas.map((alpha, at) => {
      const accuracies = scores
        .filter((score) => score.gamma === gamma)
        .map((score) => score.accuracies[at] as number);
      const average = mean(accuracies);
      const deviation = Math.sqrt(mean(accuracies.map((value) => (value - average) ** 2)));
      return { gamma, alpha, average, deviation };
    }),
  );
  rows.sort((a, b) => b.average - a.average);
  console.log('\n     γ        α      accuracy');
  for (const { gamma, alpha, average, deviation } of rows.slice(0, 5)) {
    const numbers = `${average.toFixed(4)} ± ${deviation.toFixed(4)}`;
    console.log(`  ${String(gamma).padEnd(8)} ${String(alpha).padEnd(8)} ${numbers}`);
  }
}

const cores = cpuCount();
const { version, library, architecture } = blasInfo();
const fits = tasks.length * alphas.length;
console.log(
  `Kernel ridge on ${digits.labels.length} digits: ${gammas.length} γ × ${alphas.length} α × ` +
    `${folds} folds = ${fits} fits in ${tasks.length} tasks`,
);
console.log(
  `${cores} of ${cpus().length} cores are ours; BLAS: ${library} ${version} ${architecture}`,
);

const jobs = flags.jobs === undefined ? -1 : Number(flags.jobs);
const options: ParallelOptions =
  flags.backend === 'sequential' ? { jobs: 1 } : { jobs, backend: flags.backend };
console.log(
  `\nLayout:\n${describeParallel(options)
    .reasons.map((reason) => `  ${reason}`)
    .join('\n')}\n`,
);

const best = await search({
  ...options,
  progress: true,
  ...(flags.trace === undefined ? {} : { trace: flags.trace }),
});
report(best.scores);

const one = await withConfig({ backendThreads: 1 }, () => search({ jobs: 1 }));
console.log('\n                                    time    speed-up');
const line = (name: string, seconds: number) =>
  console.log(
    `  ${name.padEnd(30)} ${seconds.toFixed(1).padStart(6)} s   ${(one.seconds / seconds).toFixed(2)}`,
  );
line('one worker, one thread', one.seconds);
line("Heddle's defaults", best.seconds);
if (flags.backend === 'processes') {
  // What happens without care: more workers than cores, and in each a BLAS that takes every core
  // and waits by spinning, as OpenBLAS does by itself.
  process.env.OPENBLAS_THREAD_TIMEOUT = '26';
  const many = 2 * cores;
  const careless = await search({ ...options, jobs: many, childThreads: many });
  line(`${many} workers × ${many} threads`, careless.seconds);
}

const same = (a: readonly Score[], b: readonly Score[]) =>
  a.every((score, at) => score.accuracies.every((value, k) => value === b[at]?.accuracies[k]));
if (!same(best.scores, one.scores)) throw new Error('the results depend on the number of workers');
