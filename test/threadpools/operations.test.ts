import { describe, expect, it } from 'vitest';
import { executorStats } from '../../src/executor/index.ts';
import {
  cpuCount,
  initialize,
  ThreadpoolController,
  threadpoolInfo,
  threadpoolLimits,
  withConfig,
} from '../../src/index.ts';
import { matmul, matmulSync } from '../../src/linalg/index.ts';

const N = 700;
const a = { data: new Float64Array(N * N).fill(1), shape: [N, N] };

/** Whether an operation that is worth it ran on several cores. */
async function runsWide(operation: () => unknown): Promise<boolean> {
  const before = executorStats().wide;
  await operation();
  return executorStats().wide > before;
}

describe.runIf(cpuCount() > 1)("limits and Heddle's own operations, wherever they run", () => {
  it('a limit that is opened before any BLAS is loaded holds for the first operation', async () => {
    expect(threadpoolInfo().filter((info) => info.userApi === 'blas')).toEqual([]);
    {
      using _limits = threadpoolLimits({ blas: 1 });
      expect(await runsWide(() => matmul(a, a))).toBe(false);
      expect(threadpoolInfo().find((info) => info.userApi === 'blas')?.numThreads).toBe(1);
    }
    expect(await runsWide(() => matmul(a, a))).toBe(true);
  });

  it('a limit on this thread holds for blocking and for queued operations', async () => {
    const operations: (() => unknown)[] = [() => matmul(a, a), () => matmulSync(a, a)];
    for (const operation of operations) {
      expect(await runsWide(operation)).toBe(true);
      const limits = threadpoolLimits(1);
      expect(await runsWide(operation)).toBe(false);
      limits.restore();
      const blas = new ThreadpoolController().select({ userApi: 'blas' });
      expect(await runsWide(blas.wrap(1, operation))).toBe(false);
      expect(await runsWide(operation)).toBe(true);
    }
  });

  it('withConfig({ backendThreads }) holds for them, also after an await', async () => {
    const later = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return matmul(a, a);
    };
    expect(await runsWide(() => withConfig({ backendThreads: 1 }, later))).toBe(false);
    expect(await runsWide(() => withConfig({ backendThreads: 2 }, later))).toBe(true);
    expect(await runsWide(() => withConfig({ backendThreads: -1 }, later))).toBe(true);
  });

  it('the derived default does not limit them; an option of initialize does', async () => {
    initialize();
    expect(await runsWide(() => matmul(a, a))).toBe(true);
    initialize({ backendThreads: 1 });
    expect(await runsWide(() => matmul(a, a))).toBe(false);
    initialize({ backendThreads: 2 });
    expect(await runsWide(() => matmul(a, a))).toBe(true);
  });

  it('operations leave the count of the process as they found it', async () => {
    const before = threadpoolInfo().map((info) => info.numThreads);
    await Promise.all(Array.from({ length: 20 }, () => matmul(a, a)));
    expect(threadpoolInfo().map((info) => info.numThreads)).toEqual(before);
  });
});
