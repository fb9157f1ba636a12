import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import { stackOf } from '../helpers/matrices.ts';

// biome-ignore lint/suspicious/noExplicitAny: the operations are looked up by their names
type Operations = Record<string, (...args: any[]) => any>;
const operations = linalg as unknown as Operations;

/** Its matrices, one by one. */
function each(stack: linalg.MatrixLike, own = 2): linalg.MatrixLike[] {
  const shape = own === 0 ? [] : stack.shape.slice(-own);
  const size = shape.reduce((product, length) => product * length, 1);
  const count = stack.shape.slice(0, -own || undefined).reduce((n, length) => n * length, 1);
  return Array.from({ length: own === 0 ? stack.data.length : count }, (_, i) => ({
    data: stack.data.subarray(i * size, (i + 1) * size) as Float64Array,
    shape: [...shape],
  }));
}

/** What each operation takes, and the axes of one of its results. */
const decompositions: Record<string, { definite?: boolean; square?: boolean; own: object }> = {
  inv: { square: true, own: { '': 2 } },
  det: { square: true, own: { '': 0 } },
  slogdet: { square: true, own: { sign: 0, logabsdet: 0 } },
  cholesky: { square: true, definite: true, own: { '': 2 } },
  lu: { own: { p: 2, l: 2, u: 2 } },
  qr: { own: { q: 2, r: 2 } },
  // (The signs of vectors are open: lane-decompositions.test.ts multiplies the factors.)
  svd: { own: { s: 1 } },
  svdvals: { own: { '': 1 } },
  eigh: { square: true, definite: true, own: { eigenvalues: 1 } },
  eigvalsh: { square: true, definite: true, own: { '': 1 } },
  pinv: { own: { '': 2 } },
  matrixRank: { own: { '': 0 } },
  cond: { own: { '': 0 } },
};

function part(result: Record<string, unknown>, name: string): linalg.MatrixLike {
  const found = (name === '' ? result : result[name]) as linalg.MatrixLike | number;
  return typeof found === 'number' ? { data: Float64Array.of(found), shape: [] } : found;
}

describe('a stack', () => {
  for (const [name, { definite = false, square = false, own }] of Object.entries(decompositions)) {
    it(`${name}: each of its matrices gives what it gives alone`, async () => {
      for (const [axes, m, n] of [
        [[5], 4, 4],
        [[2, 3], 3, square ? 3 : 5],
        [[7], square ? 6 : 6, square ? 6 : 2],
        [[3, 0], 2, 2],
        [[40], 17, 17],
      ] as const) {
        const stack = stackOf(axes, m, n, 31 * m + n, definite);
        const results = [operations[`${name}Sync`]!(stack), await operations[name]!(stack)];
        const alone = each(stack).map((one) => operations[`${name}Sync`]!(one));
        for (const result of results) {
          for (const [key, axesOfOne] of Object.entries(own as Record<string, number>)) {
            const whole = part(result, key);
            expect(whole.shape.slice(0, axes.length)).toEqual([...axes]);
            for (const [i, one] of each(whole, axesOfOne).entries()) {
              const right = part(alone[i], key);
              expect([...one.shape], `${key} of ${name}`).toEqual([...right.shape]);
              // The same up to rounding: groups of small matrices have kernels of their own.
              for (const [j, value] of [...one.data].entries()) {
                const wanted = right.data[j]!;
                expect(Math.abs(value - wanted)).toBeLessThan(1e-9 * (1 + Math.abs(wanted)));
              }
            }
          }
        }
      }
    });
  }

  it('eig: AV = VΛ for each', () => {
    const stack = stackOf([6], 5, 5, 3);
    const { eigenvalues, eigenvectors } = linalg.eigSync(stack);
    expect(eigenvalues.re.shape).toEqual([6, 5]);
    expect(eigenvectors.im.shape).toEqual([6, 5, 5]);
    const [ar, ai] = [eigenvectors.re, eigenvectors.im].map((v) => linalg.matmulSync(stack, v));
    for (let i = 0; i < 6 * 25; i++) {
      const j = Math.floor(i / 25) * 5 + (i % 5);
      const [re, im] = [eigenvalues.re.data[j]!, eigenvalues.im.data[j]!];
      const [x, y] = [eigenvectors.re.data[i]!, eigenvectors.im.data[i]!];
      expect(ar!.data[i]).toBeCloseTo(re * x - im * y, 10);
      expect(ai!.data[i]).toBeCloseTo(re * y + im * x, 10);
    }
    expect(linalg.eigvalsSync(stack).re.shape).toEqual([6, 5]);
  });

  it('solve: axes are broadcast, and a vector is a vector only by itself', async () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        (axes, n, m, mask) => {
          const some = (bit: number) =>
            axes.map((length, axis) => ((mask >> bit) & 1 && axis === 0 ? 1 : length));
          const a = stackOf(some(0), n, n, n + 7, true);
          const b = stackOf(some(1).slice(mask === 3 ? 1 : 0), n, m, m + 5);
          const x = linalg.solveSync(a, b);
          const back = linalg.matmulSync(a, x);
          const wide = linalg.matmulSync(
            {
              data: new Float64Array(1),
              shape: [...back.shape.slice(0, -1), n],
              stride: back.shape.map(() => 0),
            },
            b,
          );
          expect(x.shape).toEqual(wide.shape);
          const right = linalg.matmulSync({ data: identityOf(n), shape: [n, n] }, b);
          // Whatever was broadcast, AX has B's elements again and again.
          for (let i = 0; i < back.data.length; i++) {
            const at = indexIn(back.shape, i, right.shape);
            expect(back.data[i]).toBeCloseTo(right.data[at]!, 9);
          }
        },
      ),
      { numRuns: 60 },
    );
    const a = stackOf([4], 3, 3, 1, true);
    expect((await linalg.solve(a, [1, 2, 3])).shape).toEqual([4, 3]);
    expect(linalg.solveSync(a, stackOf([], 3, 2, 2)).shape).toEqual([4, 3, 2]);
    expect(() => linalg.solveSync(a, stackOf([3], 3, 2, 2))).toThrow(/equal to those of 'a'/);
    expect(() => linalg.solveSync(a, stackOf([], 4, 3, 2))).toThrow(/as many as 'a' has/);
  });

  it('lstsq: stacks are broadcast; residuals of a deficient one are NaN', () => {
    const a = stackOf([3], 5, 2, 9);
    a.data.fill(0, 10, 20);
    const b = stackOf([], 5, 1, 4);
    const { x, residuals, rank, s } = linalg.lstsqSync(a, b);
    expect(x.shape).toEqual([3, 2, 1]);
    expect(residuals.shape).toEqual([3, 1]);
    expect(rank).toMatchObject({ data: Int32Array.of(2, 0, 2), shape: [3] });
    expect(s.shape).toEqual([3, 2]);
    expect(Number.isNaN(residuals.data[1])).toBe(true);
    const alone = linalg.lstsqSync(each(a)[2]!, b);
    expect(x.data[4]).toBeCloseTo(alone.x.data[0]!, 10);
    expect(residuals.data[2]).toBeCloseTo(alone.residuals.data[0]!, 10);
  });

  it('with any strides, into an out with its own', () => {
    const plain = stackOf([3, 2], 4, 4, 5, true);
    const turned = { data: plain.data, shape: [2, 3, 4, 4], stride: [16, 32, 1, 4] };
    const big = { data: new Float64Array(6 * 64), shape: [2, 3, 4, 4], stride: [192, 64, 8, 2] };
    const result = linalg.invSync(turned, { out: big });
    expect(result.data).toBe(big.data);
    const right = linalg.invSync(plain);
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < 3; j++) {
        for (let r = 0; r < 4; r++) {
          for (let c = 0; c < 4; c++) {
            const value = big.data[i * 192 + j * 64 + r * 8 + c * 2]!;
            expect(value).toBeCloseTo(right.data[((j * 2 + i) * 4 + c) * 4 + r]!, 10);
          }
        }
      }
    }
  });

  it('that fails says which matrix: the first, whatever the threads', async () => {
    const stack = stackOf([50, 8], 6, 6, 8);
    for (const at of [137, 250, 399]) stack.data.fill(0, at * 36, (at + 1) * 36);
    for (let run = 0; run < 20; run++) {
      await expect(linalg.inv(stack)).rejects.toMatchObject({
        name: 'LinAlgError',
        code: 'ERR_HEDDLE_LINALG',
        info: 1,
        index: [17, 1],
        message: expect.stringContaining('the matrix [17, 1] of the stack'),
      });
    }
    stack.data[36 * 20 + 3] = Number.NaN;
    expect(() => linalg.solveSync(stack, [1, 2, 3, 4, 5, 6])).toThrow(
      expect.objectContaining({ index: [2, 4], message: expect.stringMatching(/no NaN/) }),
    );
    const definite = stackOf([9], 4, 4, 2, true);
    definite.data[5 * 16 + 5] = -1;
    expect(() => linalg.choleskySync(definite)).toThrow(
      expect.objectContaining({ info: 2, index: [5] }),
    );
  });

  it('is given up between matrices, and tells how far it is', async () => {
    const stack = stackOf([3000], 40, 40, 6, true);
    const told: number[] = [];
    const { eigenvalues } = await linalg.eigh(stack, {
      onProgress: (done, total) => told.push(done / total),
    });
    expect(eigenvalues.shape).toEqual([3000, 40]);
    expect(told.at(-1)).toBe(1);
    expect([...told].sort((a, b) => a - b)).toEqual(told);
    const controller = new AbortController();
    const reason = new Error('enough');
    const before = process.cpuUsage();
    const running = linalg.svd(stack, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    const spent = process.cpuUsage(before);
    const all = process.cpuUsage();
    await linalg.svd(stack);
    const whole = process.cpuUsage(all);
    // Stopped at the first sign of life, it has not computed all of it.
    await linalg.dot([1], [1]);
    expect(spent.user).toBeLessThan(whole.user);
  });
});

function identityOf(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
}

/** Where the element with number `i` of an array of one shape is in one that is broadcast to it. */
function indexIn(shape: readonly number[], i: number, own: readonly number[]): number {
  let at = 0;
  let step = 1;
  let rest = i;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const index = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
    const mine = own[axis - (shape.length - own.length)] ?? 1;
    if (axis - (shape.length - own.length) >= 0 && mine > 1) at += index * step;
    step *= axis - (shape.length - own.length) >= 0 ? mine : 1;
  }
  return at;
}

describe('elements at the ends of their range', () => {
  it('det and solve of regular matrices with subnormal elements', () => {
    const d = (a: number, b: number) => ({ data: Float64Array.of(a, 0, 0, b), shape: [2, 2] });
    expect(linalg.detSync(d(1e-310, 1e300))).toBeCloseTo(1e-10, 20);
    expect(linalg.slogdetSync(d(1e-310, 1e300)).logabsdet).toBeCloseTo(-10 * Math.LN10, 8);
    expect(linalg.slogdetSync(d(-5e-324, 5e-324))).toMatchObject({ sign: -1 });
    expect([...linalg.solveSync(d(1e-310, 1e300), [1e-310, 2e300]).data]).toEqual([1, 2]);
    const a = { data: Float64Array.of(2, 1, 1, 3), shape: [2, 2] };
    const tiny = { ...a, data: a.data.map((x) => x * 2 ** -1060) };
    const b = [2 ** -1058, 3 * 2 ** -1059];
    for (const assume of [
      'general',
      'symmetric',
      'lower triangular',
      'upper triangular',
    ] as const) {
      const right = linalg.solveSync(a, [4, 6], { assume });
      const x = linalg.solveSync(tiny, b, { assume });
      for (let i = 0; i < 2; i++) expect(x.data[i]).toBeCloseTo(right.data[i]!, 9);
      const turned = linalg.solveSync(tiny, b, { assume, transpose: true });
      const rightTurned = linalg.solveSync(a, [4, 6], { assume, transpose: true });
      for (let i = 0; i < 2; i++) expect(turned.data[i]).toBeCloseTo(rightTurned.data[i]!, 9);
    }
    // (The inverse of the first is beyond the range; that of the second is not.)
    const inverse = linalg.invSync(d(1e-307, 1e300)).data;
    expect(inverse[0]! / 1e307).toBeCloseTo(1, 14);
    expect(inverse[3]! * 1e300).toBeCloseTo(1, 14);
    const f = { data: Float32Array.of(1e-42, 0, 0, 1e35), shape: [2, 2] };
    expect(linalg.detSync(f) / (f.data[0]! * f.data[3]!)).toBeCloseTo(1, 5);
  });

  it('elements whose sums overflow', () => {
    const a = { data: Float64Array.of(1e308, 1e308, -1e308, 1e308), shape: [2, 2] };
    const x = linalg.solveSync(a, [1e308, 0]);
    expect(x.data[0]).toBeCloseTo(0.5, 12);
    expect(x.data[1]).toBeCloseTo(0.5, 12);
    expect(linalg.slogdetSync(a).logabsdet).toBeCloseTo(2 * 308 * Math.LN10 + Math.LN2, 8);
  });
});
