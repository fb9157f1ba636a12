import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Case,
  type CaseOptions,
  check,
  elements,
  type Layout,
  plain,
  reference,
} from '../helpers/reference.ts';
import { seededNumbers } from '../helpers/seeds.ts';

const committed = JSON.parse(
  readFileSync(new URL('../data/linalg.json', import.meta.url), 'utf8'),
) as Case[];

describe('results of NumPy that are kept here', () => {
  for (const op of new Set(committed.map((one) => one.op))) {
    const cases = committed.filter((one) => one.op === op);
    it(`${op}: ${cases.length} cases, blocking and queued`, async () => {
      for (const one of cases) {
        await check(one, false);
        await check(one, true);
      }
    });
  }
});

const next = seededNumbers(2);
const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(next() * choices.length)]!;
const upTo = (most: number) => Math.floor(next() * (most + 1));

/** Mostly small, with the sizes at which blocked algorithms and wide kernels begin. */
const length = () => pick(upTo(3), upTo(12), upTo(12), 17, 33 + upTo(40));
const kind = () => pick('random', 'random', 'ill', 'deficient', 'repeated', 'zero', 'identity');
const definiteKind = () => pick('random', 'random', 'ill', 'repeated', 'identity');
const maybe = (options: Record<string, unknown>) => (next() < 0.5 ? { options } : {});

function someLayout(): Layout {
  if (next() < 0.2) return plain;
  return {
    permuted: next() < 0.5,
    reversed: next() < 0.3,
    gap: pick(1, 1, 2, 3),
    offset: upTo(5),
    shared: next() < 0.2,
  };
}

/** Axes before the last two, and what of them each operand has. */
function stackShapes(): number[][] {
  const axes = Array.from({ length: upTo(3) }, () => upTo(3));
  const [n, k, m] = [upTo(9), upTo(9), upTo(9)];
  const some = () => axes.slice(upTo(axes.length)).map((axis) => (next() < 0.3 ? 1 : axis));
  const left = next() < 0.15 ? [k] : [...some(), n, k];
  const right = next() < 0.15 ? [k] : [...some(), k, m];
  return [left, right];
}

const makers: Record<string, () => Partial<CaseOptions>> = {
  matmul: () => ({ shapes: stackShapes() }),
  gram: () => ({ shape: [length(), length()], ...maybe({ transpose: true }) }),
  dot: () => ({ shape: [length()] }),
  axpy: () => ({
    shape: pick([length()], [length(), length()]),
    options: { alpha: 3 * next() - 1 },
  }),
  scale: () => ({
    shape: pick([length()], [length(), length()]),
    options: { alpha: 3 * next() - 1 },
  }),
  norm: () => {
    const vector = next() < 0.5;
    const ord = vector
      ? pick<unknown>(0, 1, 2, 3, -1, 1.5, 'inf', '-inf')
      : pick<unknown>('fro', 'nuc', 1, -1, 2, -2, 'inf', '-inf');
    return { shape: vector ? [1 + length()] : [1 + length(), 1 + length()], ...maybe({ ord }) };
  },
  cholesky: () => ({ shape: [length()], kind: definiteKind() }),
  solve: () => ({
    shape: [length()],
    kind: definiteKind(),
    ...pick<Partial<CaseOptions>>({}, { columns: upTo(5) }),
    options: {
      assume: pick('general', 'positive definite', 'symmetric', 'lower triangular', 'triangular'),
      transpose: next() < 0.5,
    },
  }),
  luSolve: () => ({ shape: [length()], kind: definiteKind(), ...maybe({ transpose: true }) }),
  inv: () => ({ shape: [length()], kind: definiteKind() }),
  det: () => ({ shape: [length()], kind: kind() }),
  // Ties between pivots may fall either way, so only matrices without any.
  lu: () => ({ shape: [length(), length()], kind: pick('random', 'ill') }),
  qr: () => ({
    shape: [length(), length()],
    kind: pick('random', 'ill'),
    options: { mode: pick('reduced', 'complete', 'r') },
  }),
  svd: () => ({ shape: [length(), length()], kind: kind() }),
  matrixRank: () => ({ shape: [length(), length()], kind: kind() }),
  pinv: () => ({ shape: [length(), length()], kind: kind() }),
  cond: () => {
    const n = 1 + length();
    const p = pick<unknown>(2, -2, 1, -1, 'inf', '-inf', 'fro');
    return { shape: [n, n], kind: pick('random', 'repeated'), ...maybe({ p }) };
  },
  lstsq: () => ({
    shape: [length(), length()],
    kind: kind(),
    ...pick<Partial<CaseOptions>>({}, { columns: upTo(4) }),
  }),
  eigh: () => ({ shape: [length()], kind: kind(), ...maybe({ uplo: 'U' }) }),
  eig: () => ({ shape: [length()], kind: pick('random', 'repeated', 'deficient') }),
};

describe('NumPy beside us', () => {
  const COUNT = Number(process.env.HEDDLE_TEST_CASES ?? 60);

  for (const [op, make] of Object.entries(makers)) {
    it(`${op}: ${COUNT} random shapes, strides, precisions and kinds`, async () => {
      const cases = Array.from(
        { length: COUNT },
        (): CaseOptions => ({
          op,
          seed: upTo(2 ** 31),
          dtype: pick('float64', 'float32'),
          ...make(),
        }),
      );
      for (const one of reference(cases)) await check(one, next() < 0.3, someLayout());
    });
  }

  /**
   * Some inputs are products, and the last bits of a product are those of the BLAS kernels that the
   * processor runs. What is kept is the truth; what is made anew may differ by rounding.
   */
  it('makes the inputs that are kept here, but for the rounding of products', () => {
    const again = reference(committed.map(({ inputs, outputs, error, ...options }) => options));
    for (const [index, one] of again.entries()) {
      const kept = committed[index]!;
      expect(Object.keys(one.inputs), `case ${index}`).toEqual(Object.keys(kept.inputs));
      for (const [name, encoded] of Object.entries(one.inputs)) {
        const told = `${name} of case ${index}`;
        expect(encoded.shape, told).toEqual(kept.inputs[name]!.shape);
        const [made, wanted] = [
          elements(encoded, one.dtype),
          elements(kept.inputs[name]!, one.dtype),
        ];
        const largest = Math.max(0, ...Array.from(wanted, Math.abs));
        const epsilon = one.dtype === 'float64' ? 2 ** -52 : 2 ** -23;
        const sizes = encoded.shape.reduce((sum, length) => sum + length, 8);
        for (const [at, value] of made.entries()) {
          const difference = Math.abs(value - wanted[at]!);
          expect(difference, `${told}, element ${at}`).toBeLessThanOrEqual(
            sizes * epsilon * largest,
          );
        }
      }
    }
  });
});
