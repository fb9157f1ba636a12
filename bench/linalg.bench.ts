/**
 * Linear algebra beside NumPy on the same BLAS, the same kernels and the same number of threads,
 * ml-matrix and @stdlib's dgemm.
 *
 * `--events` adds what a queue of decompositions does to the event loop and to fs.readFile.
 */
import assert from 'node:assert/strict';
import type { Matrix } from 'heddle/linalg';
import {
  type Contender,
  type Group,
  inProcess,
  peer,
  python,
  type RunOptions,
  type Suite,
} from './harness/index.ts';
import { eventGroups } from './linalg/events.ts';
import { stackGroups } from './linalg/stacks.ts';

// The library that NumPy has on Debian; the one that Heddle brings along would be another build.
process.env.HEDDLE_BLAS ??= 'libopenblas.so.0';
const { blasInfo } = await import('heddle/linalg');
const { cpuCount } = await import('heddle');
const { architecture } = blasInfo();
const CORES = cpuCount();

/** The same numbers everywhere: well-conditioned, symmetric where that is asked for. */
function numbers(n: number, symmetric = false): Matrix<Float64Array> {
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [row, column] = symmetric && j > i ? [j, i] : [i, j];
      data[i * n + j] = Math.sin(1 + row * 1.7 + column * column * 0.31) + (i === j ? n : 0);
    }
  }
  return { data, shape: [n, n], stride: [n, 1], offset: 0 };
}

const PYTHON_NUMBERS = `
import numpy as np

def numbers(n, symmetric=False):
    i, j = np.indices((n, n))
    if symmetric:
        i, j = np.maximum(i, j), np.minimum(i, j)
    return np.sin(1 + i * 1.7 + j * j * 0.31) + n * np.eye(n)
`;

function numpy(n: number, threads: number, expression: string): Contender {
  const scipy = expression.startsWith('scipy');
  return python(`numpy, ${threads} thread${threads > 1 ? 's' : ''}`, {
    modules: { numpy: 'python3-numpy', ...(scipy ? { scipy: 'python3-scipy' } : {}) },
    params: { n },
    env: {
      OPENBLAS_NUM_THREADS: String(threads),
      OPENBLAS_CORETYPE: architecture,
      // As Heddle sets it. Its idle threads would spin on a core of whoever is measured next.
      OPENBLAS_THREAD_TIMEOUT: '18',
    },
    source: `${scipy ? 'import scipy.linalg' : ''}${PYTHON_NUMBERS}
def setup(params):
    a = numbers(params["n"])
    s = numbers(params["n"], True)
    b = a[:, :1].copy()
    return lambda: ${expression}
`,
  });
}

type Linalg = typeof import('heddle/linalg');
type Arguments = {
  a: Matrix<Float64Array>;
  s: Matrix<Float64Array>;
  b: Matrix<Float64Array>;
  options: { threads: number };
};

function heddle(
  n: number,
  threads: number,
  use: (linalg: Linalg, given: Arguments) => unknown,
): Contender {
  return inProcess(`heddle, ${threads} thread${threads > 1 ? 's' : ''}`, async () => {
    const linalg = await import('heddle/linalg');
    const a = numbers(n);
    const given = { a, s: numbers(n, true), b: { ...a, shape: [n, 1] }, options: { threads } };
    return { run: () => use(linalg, given) };
  });
}

/** ml-matrix: its matrices are rows of arrays, made before the clock starts. */
function mlMatrix(
  n: number,
  use: (module: Anything, a: Anything, s: Anything, b: Anything) => unknown,
): Contender {
  return inProcess('ml-matrix', async () => {
    const module = await peer<Anything>('ml-matrix');
    const of = (matrix: Matrix<Float64Array>) =>
      module.Matrix.from1DArray(n, n, Array.from(matrix.data));
    const a = of(numbers(n));
    const b = a.subMatrix(0, n - 1, 0, 0);
    const s = of(numbers(n, true));
    return { run: () => use(module, a, s, b) };
  });
}
// biome-ignore lint/suspicious/noExplicitAny: the peer's types are not ours to check
type Anything = any;

function stdlib(n: number): Contender {
  return inProcess('@stdlib/blas dgemm', async () => {
    const { default: dgemm } = await peer<{ default: (...args: unknown[]) => unknown }>(
      '@stdlib/blas-base-dgemm',
    );
    const { data } = numbers(n);
    const none = 'no-transpose';
    return {
      run: () => {
        const c = new Float64Array(n * n);
        return dgemm('row-major', none, none, n, n, n, 1, data, n, data, n, 0, c, n);
      },
    };
  });
}

/** Products into a matrix that exists, on one core. */
function into(n: number): Contender[] {
  return [
    inProcess('heddle, out', async () => {
      const { matmulSync } = await import('heddle/linalg');
      const a = numbers(n);
      const options = { threads: 1, out: numbers(n) };
      return { run: () => matmulSync(a, a, options) };
    }),
    { ...numpy(n, 1, 'np.matmul(a, a, out=s)'), name: 'numpy, out' },
  ];
}

/** What the memory of a result takes in V8, without a product: the least that a new one can cost. */
function memory(n: number): Contender[] {
  const contender = (name: string, make: () => ArrayBufferView) =>
    inProcess(name, async () => ({ run: make, result: () => undefined }));
  return [
    contender('new Float64Array alone', () => new Float64Array(n * n)),
    contender('Buffer.allocUnsafeSlow alone', () => Buffer.allocUnsafeSlow(n * n * 8)),
  ];
}

/** A number of the result that all contenders have, whatever kind of object it is. */
function first(result: unknown): number {
  const value = result as Anything;
  if (ArrayBuffer.isView(value)) return (value as Float64Array)[0]!;
  if (Array.isArray(value)) return first(value[0]);
  if (typeof value === 'number') return value;
  if (value?.data !== undefined && ArrayBuffer.isView(value.data)) return first(value.data);
  return value.get(0, 0);
}

const about =
  `System OpenBLAS for both, ${architecture} kernels (given to NumPy by OPENBLAS_CORETYPE). A new ` +
  'result at each call.';

function products({ short }: RunOptions): Group[] {
  const sizes = short ? [8, 64] : [8, 16, 32, 64, 128, 256, 512, 1024, 2048];
  return sizes.map((n): Group => {
    let expected: number | undefined;
    const threads = n >= 256 ? CORES : 1;
    return {
      name: `matmul, n = ${n}`,
      about,
      unit: 'product',
      x: n,
      baseline: `numpy, ${threads} thread${threads > 1 ? 's' : ''}`,
      verify: (result, contender) => {
        if (contender.endsWith('alone')) return;
        expected ??= first(result);
        assert.ok(Math.abs(first(result) / expected - 1) < 1e-9);
      },
      contenders: [
        heddle(n, threads, ({ matmulSync }, { a, options }) => matmulSync(a, a, options)),
        numpy(n, threads, 'a @ a'),
        ...(n === 32 ? into(n) : []),
        ...(threads > 1
          ? [
              heddle(n, 1, ({ matmulSync }, { a, options }) => matmulSync(a, a, options)),
              numpy(n, 1, 'a @ a'),
            ]
          : []),
        ...(n <= 256 ? [mlMatrix(n, (_, a) => a.mmul(a)), stdlib(n)] : []),
        ...(n === 32 ? memory(n) : []),
      ],
      ...(n === 32 || n >= 1024
        ? {
            targets: [threads, ...(threads > 1 ? [1] : [])].map((count) => ({
              contender: `heddle, ${count} thread${count > 1 ? 's' : ''}`,
              against: `numpy, ${count} thread${count > 1 ? 's' : ''}`,
              speedup: n === 32 ? 1 : 0.97,
            })),
          }
        : {}),
    };
  });
}

function overhead(): Group {
  return {
    name: 'call overhead, n = 8',
    about: 'matmulSync of 8 × 8 into a matrix that exists.',
    unit: 'call',
    contenders: [
      inProcess('matmulSync', async () => {
        const { matmulSync } = await import('heddle/linalg');
        const a = numbers(8);
        const out = numbers(8);
        return { run: () => matmulSync(a, a, { out }) };
      }),
      inProcess('matmulSync, new result', async () => {
        const { matmulSync } = await import('heddle/linalg');
        const a = numbers(8);
        return { run: () => matmulSync(a, a) };
      }),
    ],
    targets: [{ contender: 'matmulSync', seconds: 1e-6 }],
  };
}

function decompositions({ short }: RunOptions): Group[] {
  const sizes = short ? [40] : [100, 200, 500];
  const kinds: {
    name: string;
    use: (linalg: Linalg, given: Arguments) => unknown;
    numpy: string;
    ml: (module: Anything, a: Anything, s: Anything, b: Anything) => unknown;
  }[] = [
    {
      name: 'cholesky',
      use: ({ choleskySync }, { s, options }) => choleskySync(s, options),
      numpy: 'np.linalg.cholesky(s)',
      ml: ({ CholeskyDecomposition }, _a, s) => new CholeskyDecomposition(s).lowerTriangularMatrix,
    },
    {
      name: 'solve',
      use: ({ solveSync }, { a, b, options }) => solveSync(a, b, options),
      numpy: 'np.linalg.solve(a, b)',
      ml: ({ solve }, a, _s, b) => solve(a, b),
    },
    {
      name: 'lu',
      use: ({ luFactorSync }, { a, options }) => luFactorSync(a, options).lu,
      numpy: 'scipy.linalg.lu_factor(a)[0]',
      ml: ({ LuDecomposition }, a) => new LuDecomposition(a).upperTriangularMatrix,
    },
    {
      name: 'qr',
      use: ({ qrSync }, { a, options }) => qrSync(a, options).q,
      numpy: 'np.linalg.qr(a)[0]',
      ml: ({ QrDecomposition }, a) => new QrDecomposition(a).orthogonalMatrix,
    },
    {
      name: 'svd',
      use: ({ svdSync }, { a, options }) => svdSync(a, { ...options, fullMatrices: false }).s,
      numpy: 'np.linalg.svd(a, full_matrices=False)[1]',
      ml: ({ SingularValueDecomposition }, a) => new SingularValueDecomposition(a).diagonal,
    },
    {
      name: 'eigh',
      use: ({ eighSync }, { s, options }) => eighSync(s, options).eigenvalues,
      numpy: 'np.linalg.eigh(s)[0]',
      ml: ({ EigenvalueDecomposition }, _a, s) =>
        new EigenvalueDecomposition(s, { assumeSymmetric: true }).realEigenvalues,
    },
  ];
  return sizes.flatMap((n) =>
    kinds.map(({ name, use, numpy: expression, ml }): Group => {
      let expected: number | undefined;
      return {
        name: `${name}, n = ${n}`,
        about,
        x: n,
        baseline: 'numpy, 1 thread',
        verify: (result, contender) => {
          // The systems solved differ in b's layout; their errors are not what is measured.
          if (name === 'solve') return;
          expected ??= first(result);
          // The signs of Q's columns are a matter of taste.
          assert.ok(Math.abs(Math.abs(first(result) / expected) - 1) < 1e-6, contender);
        },
        contenders: [
          heddle(n, 1, use),
          numpy(n, 1, expression),
          ...(CORES > 1 ? [heddle(n, CORES, use), numpy(n, CORES, expression)] : []),
          ...(n <= 100 ? [mlMatrix(n, ml)] : []),
        ],
      };
    }),
  );
}

/** Many calls in flight against the fixed settings that a user could choose. */
function concurrent({ short }: RunOptions): Group {
  const count = short ? 8 : 64;
  const n = short ? 64 : 256;
  const contender = (
    name: string,
    loop: (linalg: Linalg, a: Matrix<Float64Array>) => Promise<unknown>,
  ) =>
    inProcess(name, async () => {
      const linalg = await import('heddle/linalg');
      const a = numbers(n);
      return { run: () => loop(linalg, a) };
    });
  const all = (linalg: Linalg, a: Matrix<Float64Array>, options: { threads?: number }) =>
    Promise.all(Array.from({ length: count }, () => linalg.matmul(a, a, options)));
  return {
    name: `${count} products of ${n} × ${n}`,
    about: 'All queued at once, against awaiting each with all cores, and against one core each.',
    unit: 'product',
    operations: count,
    baseline: 'one by one, wide',
    contenders: [
      contender('queued at once', (linalg, a) => all(linalg, a, {})),
      contender('queued at once, threads: 1', (linalg, a) => all(linalg, a, { threads: 1 })),
      contender('one by one, wide', async (linalg, a) => {
        for (let i = 0; i < count; i++) await linalg.matmul(a, a);
      }),
      contender('one by one, threads: 1', async (linalg, a) => {
        for (let i = 0; i < count; i++) await linalg.matmul(a, a, { threads: 1 });
      }),
    ],
    targets: [
      { contender: 'queued at once', against: 'one by one, wide', speedup: 1.3 },
      { contender: 'queued at once', against: 'queued at once, threads: 1', speedup: 0.95 },
    ],
  };
}

const suite: Suite = {
  title: 'Linear algebra',
  groups: (options) => [
    overhead(),
    ...products(options),
    ...decompositions(options),
    ...stackGroups(options, CORES, architecture),
    concurrent(options),
    ...(options.flag('events') ? eventGroups(options) : []),
  ],
  plots: [
    {
      file: 'linalg-matmul.svg',
      title: 'Products of n × n',
      kind: 'lines',
      figure: 'rate',
      groups: /^matmul/,
      xLabel: 'n',
      logX: true,
      logY: true,
    },
  ],
};

export default suite;
