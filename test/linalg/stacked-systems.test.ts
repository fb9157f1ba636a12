/** Stacks in the operations that solve by factors and triangles, and what all stacks have. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { executorStats } from '../../src/executor/index.ts';
import * as linalg from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import { available, type Stack, useBest } from '../helpers/lane-stacks.ts';
import { seededNumbers } from '../helpers/seeds.ts';

type Matrix = linalg.Matrix<Float64Array>;

afterAll(useBest);

const draw = seededNumbers(61);
const random = (length: number) => Float64Array.from({ length }, () => draw() - 0.5);

/** A stack of random matrices, well-conditioned where they are square. */
function stackOf(axes: readonly number[], m: number, n: number): Stack {
  const count = axes.reduce((product, length) => product * length, 1);
  const data = random(count * m * n);
  if (m === n) {
    for (let k = 0; k < count; k++) for (let i = 0; i < n; i++) data[(k * n + i) * n + i]! += 2 * n;
  }
  return { data, shape: [...axes, m, n] } as unknown as Stack;
}

/** The matrix with this number, by itself. */
function nth(of: Matrix, index: number): Matrix {
  const [m, n] = of.shape.slice(-2) as [number, number];
  const [row, column] = of.stride.slice(-2) as [number, number];
  let offset = of.offset;
  let rest = index;
  for (let axis = of.shape.length - 3; axis >= 0; axis--) {
    offset += (rest % of.shape[axis]!) * of.stride[axis]!;
    rest = Math.floor(rest / of.shape[axis]!);
  }
  return { data: of.data, shape: [m, n], stride: [row, column], offset };
}

/** The largest difference of two arrays. */
function gap(one: unknown, other: unknown): number {
  const [x, y] = [one, other].map((value) => (value as number[]).flat(9));
  expect(x!.length).toBe(y!.length);
  return x!.reduce((most, value, i) => Math.max(most, Math.abs(value - y![i]!)), 0);
}

describe.each(available)('luFactor with %s lanes', (lanes) => {
  it.each([1, 2, 5, 16, 33, 70])('factors stacks of %i × %i as it does matrices', (n) => {
    const a = stackOf([3, 7], n, n);
    // Rows exchanged, too.
    for (let k = 0; k < 21; k++) a.data[(k * n + (k % n)) * n + (k % n)] = 0;
    native.linalg.lanes(lanes);
    const { lu, pivots } = linalg.luFactorSync(a);
    expect(lu.shape).toEqual([3, 7, n, n]);
    expect(lu.stride.slice(-2)).toEqual([1, n]);
    expect(pivots.shape).toEqual([3, 7, n]);
    const rows = { ...linalg.matrix(a) } as Matrix;
    for (let k = 0; k < 21; k++) {
      const own = pivots.data.subarray(k * n, (k + 1) * n);
      const single = linalg.luFactorSync(nth(rows, k));
      expect(own).toEqual(single.pivots);
      expect(gap(linalg.toArray(nth(lu, k)), linalg.toArray(single.lu))).toBeLessThan(1e-9);
    }
  });

  it('gives what luSolve solves with', () => {
    const a = stackOf([4], 6, 6);
    native.linalg.lanes(lanes);
    const factors = linalg.luFactorSync(a);
    const b = linalg.matrix(stackOf([5, 4], 6, 2)) as Matrix;
    const x = linalg.luSolveSync(factors, b);
    expect(x.shape).toEqual([5, 4, 6, 2]);
    expect(gap(linalg.toArray(linalg.matmulSync(a, x)), linalg.toArray(b))).toBeLessThan(1e-12);
  });
});

describe('luSolve', () => {
  it('broadcasts factors and right-hand sides', async () => {
    const factors = await linalg.luFactor(stackOf([3, 1], 4, 4));
    const b = linalg.matrix(stackOf([2], 4, 3)) as Matrix;
    for (const transpose of [false, true]) {
      const out = linalg.matrix(stackOf([3, 2], 4, 3)) as Matrix;
      const x = await linalg.luSolve(factors, b, { transpose, out });
      expect(x.data).toBe(out.data);
      for (let k = 0; k < 6; k++) {
        const which = Math.floor(k / 2);
        const one = {
          lu: nth(factors.lu, which),
          pivots: factors.pivots.data.slice(which * 4, which * 4 + 4),
        };
        const alone = linalg.luSolveSync(one, nth(b, k % 2), { transpose });
        expect(linalg.toArray(nth(x, k))).toEqual(linalg.toArray(alone));
      }
    }
  });

  it('takes one matrix’s factors for a stack, and a vector for a stack of factors', () => {
    const one = linalg.luFactorSync({ data: stackOf([], 3, 3).data, shape: [3, 3] });
    const many = linalg.matrix(stackOf([5], 3, 2)) as Matrix;
    const x = linalg.luSolveSync(one, many);
    expect(linalg.toArray(nth(x, 4))).toEqual(
      linalg.toArray(linalg.luSolveSync(one, nth(many, 4))),
    );
    const factors = linalg.luFactorSync(stackOf([5], 3, 3));
    expect(linalg.luSolveSync(factors, [1, 2, 3]).shape).toEqual([5, 3]);
  });

  it('reads pivots with any strides, and says which matrix is singular', () => {
    const a = stackOf([4], 3, 3);
    const factors = linalg.luFactorSync(a);
    const apart = new Int32Array(4 * 3 * 2);
    factors.pivots.data.forEach((pivot, i) => {
      apart[2 * i] = pivot;
    });
    const pivots = { data: apart, shape: [4, 3], stride: [6, 2] };
    const b = random(3);
    expect(linalg.luSolveSync({ ...factors, pivots }, b)).toEqual(linalg.luSolveSync(factors, b));
    a.data.fill(0, 2 * 9, 3 * 9);
    const singular = linalg.luFactorSync(a);
    const error = { name: 'LinAlgError', info: 1, index: [2] };
    expect(() => linalg.luSolveSync(singular, b)).toThrow(expect.objectContaining(error));
  });

  it('refuses pivots of another shape, of another type and beyond the rows', () => {
    const factors = linalg.luFactorSync(stackOf([2], 3, 3));
    const of = (data: Int32Array, shape: number[]) => ({ ...factors, pivots: { data, shape } });
    const invalid = expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
    const wrong = [
      of(new Int32Array(6), [6]),
      of(new Int32Array(6), [3, 2]),
      of(Int32Array.of(0, 1, 2, 0, 3, 2), [2, 3]),
      of(Int32Array.of(0, 1, 2, 0, -1, 2), [2, 3]),
      { ...factors, pivots: Array.from(factors.pivots.data) as unknown as Int32Array },
      { ...factors, pivots: factors.pivots.data },
    ];
    for (const each of wrong) expect(() => linalg.luSolveSync(each, [1, 2, 3])).toThrow(invalid);
  });
});

describe('gram', () => {
  it.each([false, true])('multiplies stacks by their transposes (transpose: %s)', (transpose) => {
    const a = linalg.matrix(stackOf([2, 3], 5, 4)) as Matrix;
    const products = linalg.gramSync(a, { transpose });
    const n = transpose ? 5 : 4;
    expect(products.shape).toEqual([2, 3, n, n]);
    for (let k = 0; k < 6; k++) {
      const own = linalg.toArray(nth(products, k)) as number[][];
      expect(own).toEqual(linalg.toArray(linalg.gramSync(nth(a, k), { transpose })));
      expect(own).toEqual(own.map((_, i) => own.map((row) => row[i])));
    }
  });

  it('adds to what out holds, and is done for stacks without matrices or elements', async () => {
    const a = linalg.matrix(stackOf([3], 4, 2)) as Matrix;
    const out = linalg.gramSync(stackOf([3], 4, 2));
    const before = Float64Array.from(out.data);
    const plain = linalg.gramSync(a);
    await linalg.gram(a, { alpha: 2, beta: -1, out });
    const sum = plain.data.map((value, i) => 2 * value - before[i]!);
    expect(gap([...out.data], [...sum])).toBeLessThan(1e-12);
    const none = { data: new Float64Array(0), shape: [0, 4, 2] } as const;
    expect(linalg.gramSync(none).shape).toEqual([0, 2, 2]);
    const empty = { data: new Float64Array(0), shape: [3, 0, 2] } as const;
    expect(linalg.toArray(linalg.gramSync(empty))).toEqual(
      [0, 0, 0].map(() => [
        [0, 0],
        [0, 0],
      ]),
    );
  });
});

describe('solveTriangular', () => {
  it('solves stacks as it does matrices, in place too, from both sides', () => {
    const a = linalg.matrix(stackOf([3, 1], 4, 4)) as Matrix;
    for (let choice = 0; choice < 16; choice++) {
      const side = choice & 1 ? 'left' : 'right';
      const options = {
        side,
        triangle: choice & 2 ? 'lower' : 'upper',
        transpose: (choice & 4) !== 0,
        unitDiagonal: (choice & 8) !== 0,
        alpha: 0.5,
      } as const;
      const b = linalg.matrix(side === 'left' ? stackOf([2], 4, 3) : stackOf([2], 3, 4)) as Matrix;
      const x = linalg.solveTriangularSync(a, b, options);
      expect(x.shape).toEqual([3, 2, ...b.shape.slice(-2)]);
      for (let k = 0; k < 6; k++) {
        const alone = linalg.solveTriangularSync(nth(a, Math.floor(k / 2)), nth(b, k % 2), options);
        expect(linalg.toArray(nth(x, k))).toEqual(linalg.toArray(alone));
      }
      const whole = linalg.matrix({ data: x.data.slice(), shape: x.shape }) as Matrix;
      const again = linalg.solveTriangularSync(a, whole, options);
      linalg.solveTriangularSync(a, whole, { ...options, out: whole });
      expect(whole.data).toEqual(again.data);
    }
  });

  it('says which matrix of a stack has a zero on its diagonal', () => {
    const a = stackOf([2, 2], 3, 3);
    a.data[3 * 9 + 4] = 0;
    const error = { name: 'LinAlgError', info: 2, index: [1, 1] };
    expect(() => linalg.solveTriangularSync(a, stackOf([], 3, 1))).toThrow(
      expect.objectContaining(error),
    );
  });
});

describe('every operation on stacks', () => {
  const n = 3;
  const ones = new Array(30).fill(1);
  const deep = stackOf(ones, n, n);
  const flat = { data: deep.data, shape: [n, n] };
  const symmetric = linalg.gramSync(flat).data;
  const first = (value: unknown): number[] =>
    Array.from(
      typeof value === 'number' ? [value] : ((value as Matrix).data ?? (value as Float64Array)),
    );

  it.each<[string, (a: linalg.MatrixLike<Float64Array>) => unknown[]]>([
    ['solve', (a) => [linalg.solveSync(a, a)]],
    ['inv', (a) => [linalg.invSync(a)]],
    ['det', (a) => [linalg.detSync(a)]],
    ['slogdet', (a) => [linalg.slogdetSync(a).logabsdet]],
    ['cholesky', (a) => [linalg.choleskySync({ ...a, data: symmetric })]],
    ['lu', (a) => Object.values(linalg.luSync(a))],
    ['qr', (a) => Object.values(linalg.qrSync(a))],
    ['svd', (a) => Object.values(linalg.svdSync(a))],
    ['eigh', (a) => Object.values(linalg.eighSync({ ...a, data: symmetric }))],
    ['eig', (a) => [linalg.eigSync(a).eigenvalues.re, linalg.eigSync(a).eigenvectors.im]],
    ['lstsq', (a) => [linalg.lstsqSync(a, a).x]],
    ['pinv', (a) => [linalg.pinvSync(a)]],
    ['matrixRank', (a) => [linalg.matrixRankSync(a)]],
    ['cond', (a) => [linalg.condSync(a)]],
    ['matmul', (a) => [linalg.matmulSync(a, a)]],
    ['gram', (a) => [linalg.gramSync(a)]],
    ['solveTriangular', (a) => [linalg.solveTriangularSync(a, a)]],
    ['luSolve', (a) => [linalg.luSolveSync(linalg.luFactorSync(a), a)]],
  ])('takes 32 axes: %s', (_, apply) => {
    expect(apply(deep).map(first)).toEqual(apply(flat).map(first));
  });

  it('ends soon after its signal aborts', async () => {
    // One matrix again and again: minutes of work.
    const [count, size] = [20_000_000, 64];
    const { data } = stackOf([], size, size);
    const a = { data, shape: [count, size, size], stride: [0, size, 1] } as const;
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = linalg.det(a, { signal: controller.signal });
    while (executorStats().running === 0) await sleep(1);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    while (executorStats().running > 0) await sleep(1);
  }, 60_000);

  it('takes no memory for the length of the stack, but for its result', () => {
    const most = () => process.resourceUsage().maxRSS * 1024;
    const [count, size] = [200_000, 32];
    const { data } = stackOf([], size, size);
    const a = { data, shape: [count, size, size], stride: [0, size, 1] } as const;
    const small = { ...a, shape: [100, size, size] } as const;
    linalg.detSync(small);
    linalg.luSolveSync(linalg.luFactorSync(small), random(size));
    const before = most();
    linalg.detSync(a);
    const factors = linalg.luFactorSync({ data, shape: [size, size] });
    linalg.luSolveSync(factors, { data: random(size), shape: [count, size, 1], stride: [0, 1, 1] });
    // The matrices would be 1.6 GB; the results are 56 MB.
    expect(most() - before).toBeLessThan(200e6);
  });

  it('tells how far it is, up to its end', async () => {
    const told: [number, number][] = [];
    await linalg.svd(stackOf([400], 20, 20), { onProgress: (...step) => told.push(step) });
    const steps = told.map(([done]) => done);
    const [done, total] = told.at(-1) as [number, number];
    expect(total).toBeGreaterThan(1);
    expect(done).toBe(total);
    expect(steps).toEqual([...new Set(steps)].sort((x, y) => x - y));
  });
});
