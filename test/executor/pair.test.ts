import { expect, it } from 'vitest';
import { native } from '../../src/native.ts';
import { runCallers } from './callers.ts';

// When the call of one ends, the other's next one has not come yet: nothing waits, and each call
// would run wide, with the other thread waiting for it.
it('two threads that each call in a loop have a core each', async () => {
  const { end } = await runCallers(2);
  const { narrow, wide } = native.executor.stats();
  expect(narrow).toBeGreaterThan(2 * wide);
  await end();
});
