/**
 * Which seeds the suites that draw are run with: what `HEDDLE_TESTS_SEED` says, as scikit-learn has
 * it. vitest.config.ts asks; CONTRIBUTING.md has the contract.
 */
import { randomInt } from 'node:crypto';

/** Seeds that suites must pass with: 0 to 99. */
export const SEEDS = 100;

/** The seed where nothing is asked for. */
export const USUAL_SEED = 42;

/**
 * @param text - a number, a range like `40-42`, `any` (one of all, at random) or `all`
 * @throws RangeError for anything else
 */
export function chosenSeeds(text: string | undefined): number[] {
  const wanted = text?.trim();
  if (wanted === undefined || wanted === '') return [USUAL_SEED];
  if (wanted === 'any') return [randomInt(SEEDS)];
  const [, first, last] = (wanted === 'all' ? '0-99' : wanted).match(/^(\d+)(?:-(\d+))?$/) ?? [];
  const low = Number(first);
  const high = Number(last ?? first);
  if (!(low <= high && high < SEEDS)) {
    throw new RangeError(
      `HEDDLE_TESTS_SEED is '${wanted}', and must be a number from 0 to ${SEEDS - 1}, a range of ` +
        "them ('40-42'), 'any' or 'all'",
    );
  }
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}
