/** Stacks of small problems beside NumPy, which has them too, on the same BLAS. */
import assert from 'node:assert/strict';
import type { Matrix, StackLike } from 'heddle/linalg';
import {
  type Contender,
  type Group,
  inProcess,
  python,
  type RunOptions,
} from '../harness/index.ts';

type Linalg = typeof import('heddle/linalg');
type Stack = StackLike<Float64Array>;

/** Matrices that are different: positive definite, or not symmetric, with complex eigenvalues. */
function stack(count: number, n: number, symmetric: boolean): Stack {
  const data = new Float64Array(count * n * n);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const [row, column] = symmetric ? [Math.max(i, j), Math.min(i, j)] : [i, j];
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
  symmetric?: boolean;
}[] = [
  { name: 'solve', use: ({ solveSync }, a, b) => solveSync(a, b), numpy: 'np.linalg.solve(a, b)' },
  { name: 'inv', use: ({ invSync }, a) => invSync(a), numpy: 'np.linalg.inv(a)' },
  { name: 'det', use: ({ detSync }, a) => detSync(a), numpy: 'np.linalg.det(a)' },
  {
    name: 'slogdet',
    use: ({ slogdetSync }, a) => slogdetSync(a).logabsdet,
    numpy: 'np.linalg.slogdet(a)[1]',
  },
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
    name: 'eig, not symmetric',
    symmetric: false,
    use: ({ eigSync }, a) => eigSync(a).eigenvalues.re,
    numpy: 'np.linalg.eig(a)[0].real',
  },
  {
    name: 'lu',
    use: ({ luSync }, a) => luSync(a, { permuteL: true }).pl,
    numpy: 'np.array([scipy.linalg.lu(x, permute_l=True)[0] for x in a])',
  },
];

interface NumpyStack {
  n: number;
  count: number;
  numpy: string;
  symmetric: boolean;
}

function numpyStack(
  name: string,
  threads: number,
  architecture: string,
  { n, count, numpy, symmetric }: NumpyStack,
): Contender {
  return python(name, {
    modules: {
      numpy: 'python3-numpy',
      ...(numpy.includes('scipy') ? { scipy: 'python3-scipy' } : {}),
    },
    params: { n, count },
    env: {
      OPENBLAS_NUM_THREADS: String(threads),
      OPENBLAS_CORETYPE: architecture,
      OPENBLAS_THREAD_TIMEOUT: '18',
    },
    source: `
import numpy as np
${numpy.includes('scipy') ? 'import scipy.linalg' : ''}

def setup(params):
    n, count = params["n"], params["count"]
    k, i, j = np.ogrid[:count, :n, :n]
    ${symmetric ? 'i, j = np.maximum(i, j), np.minimum(i, j)' : ''}
    a = np.sin(1 + i * 1.7 + j * j * 0.31 + k * 0.13) + n * np.eye(n)
    b = a[:, :, :1].copy()
    return lambda: ${numpy}.ravel()[:1]
`,
  });
}

/**
 * Groups for each size and operation. NumPy computes one matrix after the other: with the cores as
 * it finds them, and on one, which is faster where OpenBLAS hands out pieces that are too small.
 */
export function stackGroups({ short }: RunOptions, cores: number, architecture: string): Group[] {
  const count = short ? 50 : 1000;
  const sizes = short ? [4] : [4, 16, 64];
  return sizes.flatMap((n) =>
    kinds.map(({ name, use, numpy, symmetric = true }): Group => {
      let expected: number | undefined;
      return {
        name: `${name}, ${count} of ${n} × ${n}`,
        about: `One call for the stack; System OpenBLAS for both, ${architecture} kernels.`,
        unit: 'matrix',
        operations: count,
        baseline: 'numpy, 1 thread',
        verify: (result) => {
          // The sign of a row of R, and which eigenvalue is the first, are a matter of taste.
          if (name.startsWith('eig,') || name === 'eig') return;
          const value = Math.abs(((result as Matrix).data?.[0] ?? (result as Float64Array)[0])!);
          expected ??= value;
          assert.ok(Math.abs(value / expected - 1) < 1e-9);
        },
        contenders: [
          inProcess('heddle', async () => {
            const linalg = await import('heddle/linalg');
            const a = stack(count, n, symmetric);
            const b = { data: a.data, shape: [count, n, 1], stride: [n * n, n, 1], offset: 0 };
            return { run: () => use(linalg, a, b) };
          }),
          numpyStack('numpy', cores, architecture, { n, count, numpy, symmetric }),
          numpyStack('numpy, 1 thread', 1, architecture, { n, count, numpy, symmetric }),
        ],
        targets: [
          { contender: 'heddle', against: 'numpy', speedup: 2 },
          { contender: 'heddle', against: 'numpy, 1 thread', speedup: 2 },
        ],
      };
    }),
  );
}
