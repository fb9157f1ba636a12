/** Chains of calls, which are sent as one task: at which of them they fail. */
import { type ComputeOptions, compute, delayed, shutdownWorkers } from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { fc } from '../helpers/seeds.ts';
import { everyBackend, rejection } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

describe.each(everyBackend)('%s', (_, options: ComputeOptions) => {
  it('knows at which call of a chain it failed, however calls are written and fail', async () => {
    const steps = ['a', 'b', 'c', 'd', 'e'];
    const shape = fc.record({
      // With the result before it alone, or beside others.
      alone: fc.boolean(),
      isAsync: fc.boolean(),
    });
    const chains = fc.record({
      shapes: fc.tuple(shape, shape, shape, shape, shape),
      fails: fc.nat({ max: steps.length }), // 5: none does
    });
    await fc.assert(
      fc.asyncProperty(chains, async ({ shapes, fails }) => {
        let call: unknown = 0;
        for (const [i, { alone, isAsync }] of shapes.entries()) {
          const label = steps[i]!;
          const bad = i === fails;
          const step = (before: number, one = 1, again = before): number => {
            if (bad) throw new RangeError(`no ${label}`);
            return before + one + 0 * again;
          };
          const slow = async (...args: [number]): Promise<number> => step(...args);
          const noted = delayed((isAsync ? slow : step) as (...args: unknown[]) => unknown, {
            label,
          });
          call = alone ? noted(call) : noted(call, 1, call);
        }
        const result = compute(call, options);
        if (fails === steps.length) expect(await result).toBe(5);
        else {
          const error = await rejection(result);
          expect(error).toMatchObject({
            label: steps[fails],
            cause: { message: `no ${steps[fails]}` },
          });
        }
      }),
      { numRuns: 30 },
    );
  });
});
