import { describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import * as neighbors from '../../src/neighbors/index.ts';

const square = { data: Float64Array.of(4, 1, 1, 3), shape: [2, 2] };
const vector = [1, 2];
const factors = linalg.luFactorSync(square);

/** The arguments before the options of every operation that has options. */
const operations: Record<string, unknown[]> = {
  ...Object.fromEntries(
    'matmul dot solve lstsq solveTriangular multiply'
      .split(' ')
      .filter((name) => name in linalg)
      .map((name) => [name, name === 'dot' ? [vector, vector] : [square, square]]),
  ),
  ...Object.fromEntries(
    (
      'gram cholesky lu luFactor inv pinv det slogdet qr svd svdvals eigh eigvalsh eig eigvals norm ' +
      'matrixRank cond trace'
    )
      .split(' ')
      .map((name) => [name, [square]]),
  ),
  luSolve: [factors, vector],
  matrixPower: [square, 1],
};

type Any = Record<string, (...args: unknown[]) => unknown>;

describe('options that there are not', () => {
  it.each(Object.entries(operations))('are refused by %s', async (name, args) => {
    const given = { thread: 1 };
    const expected = expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
    if (name !== 'trace') {
      expect(() => (linalg as unknown as Any)[`${name}Sync`]!(...args, given)).toThrow(
        /options\.thread.*did you mean 'threads'/,
      );
    }
    expect(() => (linalg as unknown as Any)[`${name}Sync`]!(...args, given)).toThrow(expected);
    await expect((linalg as unknown as Any)[name]!(...args, given)).rejects.toThrow(expected);
    // What only a queued operation has is not left lying by the other one.
    const { signal } = new AbortController();
    expect(() => (linalg as unknown as Any)[`${name}Sync`]!(...args, { signal })).toThrow(expected);
  });

  it('are refused by their nearest names', () => {
    const any = linalg as unknown as Any;
    expect(() => any.eighSync!(square, { subset_by_index: [0, 1] })).toThrow(/'subsetByIndex'/);
    expect(() => any.svdSync!(square, { full_matrices: false })).toThrow(/'fullMatrices'/);
    expect(() => any.solveSync!(square, vector, { assume_a: 'pos' })).toThrow(/'assume'/);
    expect(() => any.pinvSync!(square, { rtoll: 1e-3 })).toThrow(/'rtol'/);
  });

  it('are refused by the nearest-neighbour search and its models', async () => {
    const any = neighbors as unknown as Any;
    const wrong = { metrics: 'cosine' };
    expect(() => any.argKminSync!(square, square, 1, wrong)).toThrow(/'metric'/);
    expect(() => any.radiusNeighborsSync!(square, square, 1, wrong)).toThrow(/'metric'/);
    expect(() => any.pairwiseDistancesSync!(square, square, wrong)).toThrow(/'metric'/);
    expect(() => any.pairwiseDistancesChunked!(square, square, wrong)).toThrow(/'metric'/);
    await expect(any.argKmin!(square, square, 1, wrong)).rejects.toThrow(/'metric'/);
    const model = neighbors.KNeighbors as unknown as new (options: object) => neighbors.KNeighbors;
    expect(() => new model({ weight: 'distance' })).toThrow(/'weights'/);
    const fitted = new neighbors.KNeighbors({ k: 1 }).fit(square, [0, 1]);
    expect(() => fitted.kneighborsSync(square, { return_distance: false } as never)).toThrow(
      /'returnDistance'/,
    );
    expect(() => fitted.classifySync(square, { metric: 'cosine' } as never)).toThrow(/metric/);
    const radius = neighbors.RadiusNeighborsModel as unknown as new (options: object) => unknown;
    expect(() => new radius({ outlier_label: 1 })).toThrow(/'outlierLabel'/);
  });
});
