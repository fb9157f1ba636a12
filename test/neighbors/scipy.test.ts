/**
 * Distances beside SciPy's `scipy.spatial.distance`: its `cdist` live, and the small cases of its own
 * tests (test_distance.py) as far as they apply here.
 *
 * Of those tests these have nothing to be compared with here: the metrics that are refused by name;
 * `pdist`, `squareform` and condensed arrays; weights of other metrics than minkowski; functions as
 * metrics; vectors instead of matrices; conversions from integers, booleans and strings. SciPy's jaccard
 * compares the values of columns that are not zero, as scikit-learn's does only after turning them into
 * booleans: here every number but 0 is true, so only rows of 0 and 1 are compared.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type MetricOptions, pairwiseDistancesSync } from '../../src/neighbors/index.ts';
import { python } from '../helpers/debian.ts';
import { numbers } from '../helpers/matrices.ts';

/** The distance of two rows. */
function between(x: number[], y: number[], options: MetricOptions): number {
  const matrix = (row: number[]) => ({ data: Float64Array.from(row), shape: [1, row.length] });
  return pairwiseDistancesSync(matrix(x), matrix(y), options).data[0]!;
}

describe("the cases of SciPy's tests", () => {
  it.each([
    [[1, 0, 0], [0, 1, 0], { metric: 'minkowski', p: 1 }, 2],
    [[1, 0, 0], [0, 1, 0], { metric: 'minkowski', p: 1.5 }, 2 ** (1 / 1.5)],
    [[1, 0, 0], [0, 1, 0], { metric: 'minkowski', p: 2 }, Math.SQRT2],
    [[1, 0, 0], [0, 1, 0], { metric: 'minkowski', p: 0.25 }, 16],
    [[1, 2, 3], [1, 1, 5], { metric: 'minkowski', p: 1 }, 3],
    [[1, 2, 3], [1, 1, 5], { metric: 'minkowski', p: 1.5 }, (1 + 2 ** 1.5) ** (2 / 3)],
    [[1, 2, 3], [1, 1, 5], { metric: 'minkowski', p: 2 }, Math.sqrt(5)],
    [[1, 0, 0], [0, 1, 0], { metric: 'hamming' }, 2 / 3],
    [[1, 0, 0], [1, 1, 0], { metric: 'hamming' }, 1 / 3],
    [[1, 0, 0], [2, 0, 0], { metric: 'hamming' }, 1 / 3],
    [[1, 0, 0], [3, 0, 0], { metric: 'hamming' }, 1 / 3],
    [[1, 0, 1, 1, 0], [1, 1, 0, 1, 1], { metric: 'hamming' }, 0.6],
    [[1, 0, 1, 1, 0], [1, 1, 0, 1, 1], { metric: 'jaccard' }, 0.6],
    [[1, 0, 1], [1, 1, 0], { metric: 'jaccard' }, 2 / 3],
    [[0, 0, 0], [0, 0, 0], { metric: 'jaccard' }, 0],
    [[1, 0, 0], [0, 1, 0], { metric: 'jaccard' }, 1],
    [[1, 0, 0], [0, 1, 0], { metric: 'correlation' }, 1.5],
    [[1, 0, 0], [1, 1, 0], { metric: 'correlation' }, 0.5],
    [[1, 2, 3], [2, 4, 6], { metric: 'correlation' }, 0],
    [[1, 2, 3], [3, 2, 1], { metric: 'correlation' }, 2],
    [[1, 0, 0], [0, 1, 0], { metric: 'cosine' }, 1],
    [[100, 0, 0], [0, 1, 0], { metric: 'cosine' }, 1],
    [[1, 1, 0], [0, 1, 0], { metric: 'cosine' }, 1 - Math.SQRT1_2],
    [[1, 0, 0], [0, 1, 0], { metric: 'sqeuclidean' }, 2],
    [[1, 0, 0], [1, 1, 0], { metric: 'sqeuclidean' }, 1],
    [[1, 0, 0], [0, 1, 0], { metric: 'cityblock' }, 2],
    [[1, 0, 0], [0, 2, 0], { metric: 'chebyshev' }, 2],
    [[1, 2, 3], [6, 5, 4], { metric: 'seuclidean', V: [1, 0.1, 2] }, Math.sqrt(25 + 90 + 0.5)],
  ] as const)('%j and %j by %j', (x, y, options, wanted) => {
    const given = options as MetricOptions;
    expect(between([...x], [...y], given)).toBeCloseTo(wanted, 14);
    expect(between([...y], [...x], given)).toBeCloseTo(wanted, 14);
  });

  it('a distance of large and of small numbers is as large and as small', () => {
    // SciPy's minkowski overflows where powers do; euclidean sums are not scaled either.
    expect(between([1e100], [0], { metric: 'minkowski', p: 3 }) / 1e100).toBeCloseTo(1, 12);
    expect(between([1e-100], [0], { metric: 'minkowski', p: 3 }) / 1e-100).toBeCloseTo(1, 12);
    expect(between([1e200], [0], { metric: 'minkowski', p: 3 })).toBe(Number.POSITIVE_INFINITY);
    expect(between([1e-200, 0], [0, 1e-200], { metric: 'cosine' })).toBeCloseTo(1, 12);
    expect(between([1e200, 2e200], [2e200, 4e200], { metric: 'cosine' })).toBeCloseTo(0, 12);
  });
});

describe("SciPy's cdist beside us", () => {
  it('in every metric, on data of every kind', { timeout: 60_000 }, () => {
    const d = 9;
    const w = Array.from({ length: d }, (_, i) => (i % 4) / 2);
    const V = Array.from({ length: d }, (_, i) => 0.5 + i);
    const measures: MetricOptions[] = [
      ...(
        ['euclidean', 'sqeuclidean', 'cityblock', 'chebyshev', 'cosine', 'correlation'] as const
      ).map((metric) => ({ metric })),
      { metric: 'hamming' },
      { metric: 'jaccard' },
      { metric: 'seuclidean', V },
      ...[0.5, 1, 1.5, 2, 2.2, 3, 8].flatMap((p): MetricOptions[] => [
        { metric: 'minkowski', p },
        { metric: 'minkowski', p, w },
      ]),
    ];
    const next = numbers(5);
    const fills = {
      real: () => next() * 2 - 1,
      large: () => (next() - 0.5) * 1e6,
      levels: () => Math.floor(next() * 3),
      zeros: () => (next() < 0.9 ? 0 : 1),
    };
    const cases = Object.entries(fills).flatMap(([kind, fill]) =>
      measures
        .filter(({ metric }) => metric !== 'jaccard' || kind === 'zeros')
        .map((options) => ({
          kind,
          options,
          X: Array.from({ length: 7 }, () => Array.from({ length: d }, fill)),
          Y: Array.from({ length: 12 }, () => Array.from({ length: d }, fill)),
        })),
    );
    const source = `
import json, sys, warnings
import numpy as np
from scipy.spatial.distance import cdist
warnings.simplefilter('ignore')
np.seterr(all='ignore')
out = []
for case in json.load(sys.stdin):
    options = dict(case['options'])
    x, y = np.array(case['X'], float), np.array(case['Y'], float)
    # A distance that is none (0 by 0) becomes null.
    out.append([[None if v != v else v for v in row] for row in cdist(x, y, **options).tolist()])
print(json.dumps(out))
`;
    const { status, stdout, stderr } = spawnSync(python, ['-c', source], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    expect(status, stderr).toBe(0);
    const matrix = (rows: number[][]) => ({
      data: Float64Array.from(rows.flat()),
      shape: [rows.length, d],
    });
    for (const [number, wanted] of (JSON.parse(stdout) as (number | null)[][][]).entries()) {
      const { kind, options, X, Y } = cases[number]!;
      const { data } = pairwiseDistancesSync(matrix(X), matrix(Y), options);
      for (const [at, value] of wanted.flat().entries()) {
        const told = `${kind} ${JSON.stringify(options)} [${at}]: ${data[at]}, not ${value}`;
        // Rows without a length or a variance: SciPy has no distance, scikit-learn and we have 1.
        const right = value ?? 1;
        const constant = (row: number[]) => row.every((v) => v === row[0]);
        const none =
          options.metric === 'correlation' &&
          (constant(X[Math.floor(at / 12)]!) || constant(Y[at % 12]!));
        if (none) expect(data[at], told).toBe(1);
        else expect(Math.abs(data[at]! - right), told).toBeLessThanOrEqual(1e-11 * (1 + right));
      }
    }
  });
});
