/**
 * Graphs for tests: plans by what each task needs, and random ones.
 */
import { makePlan, type Plan } from '../../src/graphs/plan.ts';
import { fc } from '../helpers/seeds.ts';

/**
 * A plan of tasks.
 *
 * @param needs - what each task needs: tasks before it
 * @param wanted - the tasks whose results are asked for; those that nobody needs unless given
 */
export function planOf(needs: readonly (readonly number[])[], wanted?: readonly number[]): Plan {
  const at = [0];
  for (const some of needs) at.push(at.at(-1)! + some.length);
  const used = new Set(needs.flat());
  const asked = wanted ?? needs.map((_, task) => task).filter((task) => !used.has(task));
  return makePlan(
    Int32Array.from(at),
    Int32Array.from(needs.flat()),
    Uint8Array.from(needs, (_, task) => (asked.includes(task) ? 1 : 0)),
  );
}

/** What each of up to `most` tasks needs: any of those before it. */
export function randomNeeds(most: number): fc.Arbitrary<number[][]> {
  return fc
    .array(fc.array(fc.nat({ max: 1 << 20 }), { maxLength: 4 }), { minLength: 1, maxLength: most })
    .map((rows) =>
      rows.map((row, task) => (task === 0 ? [] : [...new Set(row.map((one) => one % task))])),
    );
}
