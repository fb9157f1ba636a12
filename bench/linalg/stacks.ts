/** Stacks of small problems beside NumPy, which has them too, on the same BLAS. */
import assert from 'node:assert/strict';
import type { Matrix, StackLike } from 'heddle/linalg';
import { type Group, inProcess, python, type RunOptions } from '../harness/index.ts';

type Linalg = typeof import('heddle/linalg');
type Stack = StackLike<Float64Array>;

/** Matrices that are symmetric, positive definite and different. */
function stack(count: number, n: number): Stack {
  const data = new Float64Array(count * n * n);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const [row, column] = [Math.max(i, j), Math.min(i, j)];
        const value = Math.sin(1 + row * 1.7 + column * column * 0.31 + k * 0.13);
        data[(k * n + i) * n + j] = value + (i === j ? n : 0);
      }
    }
  }
  return { data, shape: [count, n, n] };
}

const kinds: {
  name: string;
  use: (linalg: Linalg, a: Stack, b: Matrix) => Matrix;
  numpy: string;
}[] = [
  { name: 'solve', use: ({ solveSync }, a, b) => solveSync(a, b), numpy: 'np.linalg.solve(a, b)' },
  { name: 'inv', use: ({ invSync }, a) => invSync(a), numpy: 'np.linalg.inv(a)' },
  { name: 'det', use: ({ detSync }, a) => detSync(a), numpy: 'np.linalg.det(a)' },
  {
    name: 'cholesky',
    use: ({ choleskySync }, a) => choleskySync(a),
    numpy: 'np.linalg.cholesky(a)',
  },
  { name: 'qr', use: ({ qrSync }, a) => qrSync(a).r, numpy: 'np.linalg.qr(a)[1]' },
  { name: 'svd', use: ({ svdSync }, a) => svdSync(a).s, numpy: 'np.linalg.svd(a)[1]' },
  {
    name: 'eigh',
    use: ({ eighSync }, a) => eighSync(a).eigenvalues,
    numpy: 'np.linalg.eigh(a)[0]',
  },
  {
    name: 'eigvalsh',
    use: ({ eigvalshSync }, a) => eigvalshSync(a),
    numpy: 'np.linalg.eigvalsh(a)',
  },
  { name: 'pinv', use: ({ pinvSync }, a) => pinvSync(a), numpy: 'np.linalg.pinv(a)' },
  {
    // NumPy's takes no stacks: a loop, as its users write it.
    name: 'lstsq',
    use: ({ lstsqSync }, a, b) => lstsqSync(a, b as unknown as Stack).x,
    numpy: 'np.array([np.linalg.lstsq(x, y, rcond=None)[0] for x, y in zip(a, b)])',
  },
  {
    name: 'eig',
    use: ({ eigSync }, a) => eigSync(a).eigenvalues.re,
    numpy: 'np.linalg.eig(a)[0].real',
  },
  {
    name: 'lu',
    use: ({ luSync }, a) => luSync(a, { permuteL: true }).pl,
    numpy: 'np.array([scipy.linalg.lu(x, permute_l=True)[0] for x in a])',
  },
];

/** Groups for each size and operation; NumPy has the cores too, and makes no use of them here. */
export function stackGroups({ short }: RunOptions, cores: number, architecture: string): Group[] {
  const count = short ? 50 : 1000;
  const sizes = short ? [4] : [4, 16, 64];
  return sizes.flatMap((n) =>
    kinds.map(({ name, use, numpy }): Group => {
      let expected: number | undefined;
      return {
        name: `${name}, ${count} of ${n} × ${n}`,
        about: `One call for the stack; System OpenBLAS for both, ${architecture} kernels.`,
        unit: 'matrix',
        operations: count,
        baseline: 'numpy',
        verify: (result) => {
          // The sign of a row of R, and which eigenvalue is the first, are a matter of taste.
          if (name === 'eig') return;
          const value = Math.abs(((result as Matrix).data?.[0] ?? (result as Float64Array)[0])!);
          expected ??= value;
          assert.ok(Math.abs(value / expected - 1) < 1e-9);
        },
        contenders: [
          inProcess('heddle', async () => {
            const linalg = await import('heddle/linalg');
            const a = stack(count, n);
            const b = { data: a.data, shape: [count, n, 1], stride: [n * n, n, 1], offset: 0 };
            return { run: () => use(linalg, a, b) };
          }),
          python('numpy', {
            modules: {
              numpy: 'python3-numpy',
              ...(numpy.includes('scipy') ? { scipy: 'python3-scipy' } : {}),
            },
            params: { n, count },
            env: {
              OPENBLAS_NUM_THREADS: String(cores),
              OPENBLAS_CORETYPE: architecture,
              OPENBLAS_THREAD_TIMEOUT: '18',
            },
            source: `
import numpy as np
${numpy.includes('scipy') ? 'import scipy.linalg' : ''}

def setup(params):
    n, count = params["n"], params["count"]
    k, i, j = np.ogrid[:count, :n, :n]
    i, j = np.maximum(i, j), np.minimum(i, j)
    a = np.sin(1 + i * 1.7 + j * j * 0.31 + k * 0.13) + n * np.eye(n)
    b = a[:, :, :1].copy()
    return lambda: ${numpy}.ravel()[:1]
`,
          }),
        ],
        targets: [{ contender: 'heddle', against: 'numpy', speedup: 2 }],
      };
    }),
  );
}
