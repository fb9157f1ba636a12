/**
 * Neighbour search beside scikit-learn's brute force, on one BLAS library with the same kernels and
 * the same numbers of threads.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  type Contender,
  type Group,
  inProcess,
  measured,
  python,
  type Suite,
} from './harness/index.ts';
import { partGroups } from './neighbors/parts.ts';

// Debian's OpenBLAS for both sides. Must be said before the addon opens one.
process.env.HEDDLE_BLAS ??= 'libopenblas.so.0';

type DType = 'float64' | 'float32';
type Metric = 'euclidean' | 'manhattan';

interface Work {
  readonly name: string;
  readonly data: 'fashion' | 'random';
  /** Whether X is Y. */
  readonly same: boolean;
  readonly n: number;
  readonly m: number;
  readonly d: number;
  readonly k: number;
  readonly metric: Metric;
  readonly rounds: number;
}

interface Rows {
  readonly data: Float64Array | Float32Array;
  readonly shape: [number, number];
}

const works = (short: boolean): Work[] => {
  const small = short ? 20 : 1;
  const fashion = { data: 'fashion', same: false, d: 784, k: 10, metric: 'euclidean' } as const;
  const random = { ...fashion, data: 'random', same: true } as const;
  const all = 10_000 / small;
  return [
    {
      ...fashion,
      name: 'Fashion-MNIST: 60 000 × 784, 2 000 queries',
      n: 2000 / small,
      m: 60_000 / small,
      rounds: 7,
    },
    { ...random, name: '10 000 × 50, all against all', n: all, m: all, d: 50, rounds: 11 },
    {
      ...random,
      name: 'one query, 1 000 000 × 64',
      same: false,
      n: 1,
      m: 1_000_000 / small,
      d: 64,
      rounds: 15,
    },
    {
      ...random,
      name: '4 000 × 50, all against all, manhattan',
      n: all / 2.5,
      m: all / 2.5,
      d: 50,
      metric: 'manhattan',
      rounds: 7,
    },
  ];
};

function images(name: string, rows: number): Float64Array {
  const file = `/usr/share/datasets/fashion-mnist/${name}-images-idx3-ubyte.gz`;
  const pixels = gunzipSync(readFileSync(file)).subarray(16);
  const data = new Float64Array(rows * 784);
  for (let at = 0; at < data.length; at++) data[at] = pixels[at]! / 255;
  return data;
}

/** The rows that `peer.py` makes, to the last bit. */
async function load(work: Work, dtype: DType): Promise<[Rows, Rows]> {
  const { defaultRng } = await import('heddle/random');
  const random = (seed: number, rows: number) =>
    (defaultRng(seed).random([rows, work.d]) as { data: Float64Array }).data;
  const typed = (data: Float64Array, rows: number): Rows => ({
    data: dtype === 'float64' ? data : Float32Array.from(data),
    shape: [rows, work.d],
  });
  if (work.data === 'fashion') {
    return [typed(images('t10k', work.n), work.n), typed(images('train', work.m), work.m)];
  }
  const Y = typed(random(1, work.m), work.m);
  return [work.same ? Y : typed(random(2, work.n), work.n), Y];
}

function status(field: string): number {
  const text = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]) / 1000;
}

/** What every contender must find: the rows nearest to the first and the last query. */
interface Found {
  readonly indices: readonly number[];
  readonly distances: readonly number[];
}

function ours(work: Work, dtype: DType, threads: number): Contender {
  return inProcess(`heddle ${threads}`, async () => {
    const { argKmin } = await import('heddle/neighbors');
    const [X, Y] = await load(work, dtype);
    let found: Found = { indices: [], distances: [] };
    let most = 0;
    const run = async () => {
      writeFileSync('/proc/self/clear_refs', '5'); // the peak starts anew
      const before = status('VmRSS');
      const { metric, k } = work;
      const { indices, distances } = await argKmin(X as never, Y as never, k, { metric, threads });
      found = {
        indices: [...indices.data.subarray(-k)],
        distances: [...distances.data.subarray(-k)],
      };
      most = Math.max(most, status('VmHWM') - before);
      return measured({ metrics: { 'extra MB': most } });
    };
    return { run, result: () => run().then(() => found) };
  });
}

function theirs(work: Work, dtype: DType, threads: number, architecture: string): Contender {
  const source = readFileSync(new URL('neighbors/peer.py', import.meta.url), 'utf8');
  const contender = python(`scikit-learn ${threads}`, {
    modules: {
      numpy: 'python3-numpy',
      sklearn: 'python3-sklearn',
      threadpoolctl: 'python3-threadpoolctl',
    },
    env: {
      OPENBLAS_CORETYPE: architecture,
      OMP_NUM_THREADS: String(threads),
      OPENBLAS_NUM_THREADS: String(threads),
    },
    source,
    params: { ...work, dtype, threads },
  });
  return contender;
}

const suite: Suite = {
  title: 'Neighbour search',
  about:
    'k = 10 nearest rows, beside scikit-learn’s NearestNeighbors(algorithm="brute") on the same ' +
    'OpenBLAS with the same kernels. Numbers behind names are threads. CPU time is summed over ' +
    'threads; "extra MB" is how far resident memory rose above what it was before a call, at most: ' +
    'the first call is among them, so BLAS’s own buffers count.',
  async groups({ short, rounds }) {
    const { blasInfo } = await import('heddle/linalg');
    const { architecture } = blasInfo();
    const groups: Group[] = [];
    for (const work of works(short)) {
      for (const dtype of ['float64', 'float32'] as const) {
        let first: Found | undefined;
        groups.push({
          name: `${work.name}, ${dtype}`,
          unit: 'call',
          rounds: Math.min(rounds, work.rounds),
          contenders: [1, 2].flatMap((threads) => [
            ours(work, dtype, threads),
            theirs(work, dtype, threads, architecture),
          ]),
          baseline: 'scikit-learn 1',
          verify(result, contender) {
            const found = result as Found;
            first ??= found;
            const far = Math.max(
              ...first.distances.map((distance, i) => Math.abs(distance - found.distances[i]!)),
            );
            assert.ok(far < 1e-4, `${contender} finds ${found.distances}, not ${first.distances}`);
          },
          targets: [1, 2].map((threads) => ({
            contender: `heddle ${threads}`,
            against: `scikit-learn ${threads}`,
            speedup: dtype === 'float64' ? 1.2 : 1.5,
          })),
        });
      }
    }
    return [...groups, ...partGroups(short, rounds, architecture)];
  },
};

export default suite;
