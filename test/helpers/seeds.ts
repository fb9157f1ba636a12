/**
 * The seed of the suites that draw, and fast-check with it. They import both from here, and nothing
 * else that is random.
 */
import fc from 'fast-check';
import { numbers } from './matrices.ts';
import { USUAL_SEED } from './seed-choice.ts';

/** The seed of this run; vitest.config.ts has put one into the variable where several are wanted. */
export const testSeed: number = Number(process.env.HEDDLE_TESTS_SEED || USUAL_SEED);

fc.configureGlobal({ seed: testSeed });

/**
 * How many programs, values or plans a property is tried with.
 *
 * @param usual - in a run of the whole suite; `HEDDLE_TESTS_RUNS` asks for another number
 */
export function runsOf(usual: number): number {
  return Number(process.env.HEDDLE_TESTS_RUNS || usual);
}

export { fc };

/**
 * Numbers in [0, 1) that differ with the run's seed.
 *
 * @param suite - a number of the suite's own, so that not all draw the same
 */
export function seededNumbers(suite: number): () => number {
  return numbers(Math.imul(suite, 101) + testSeed);
}
