import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  enterScope,
  exportScope,
  parallelConfig,
  scopedConfig,
  withConfig,
} from '../../src/config/index.ts';

describe('withConfig', () => {
  it('holds inside and not outside, and gives back the result', () => {
    expect(scopedConfig()).toEqual({});
    expect(withConfig({ jobs: 2 }, () => scopedConfig().jobs)).toBe(2);
    expect(scopedConfig()).toEqual({});
  });

  it('nests: the inner wins, the rest comes from around it', () => {
    withConfig({ jobs: 2, backend: 'threads' }, () => {
      withConfig({ jobs: 3, timeout: undefined as never }, () => {
        expect(scopedConfig()).toEqual({ jobs: 3, backend: 'threads' });
      });
      expect(scopedConfig().jobs).toBe(2);
    });
  });

  it('follows async calls, side by side', async () => {
    const seen = await Promise.all(
      [1, 2, 3].map((jobs) =>
        withConfig({ jobs }, async () => {
          await sleep(5 - jobs);
          return scopedConfig().jobs;
        }),
      ),
    );
    expect(seen).toEqual([1, 2, 3]);
    expect(scopedConfig().jobs).toBeUndefined();
  });

  it('ends when the body throws', () => {
    const fail = () => {
      throw new Error('no');
    };
    expect(() => withConfig({ jobs: 2 }, fail)).toThrow('no');
    expect(scopedConfig()).toEqual({});
  });

  it('travels as plain data', () => {
    const scope = withConfig(
      { jobs: 2, backendThreads: 1, maxBytes: Number.POSITIVE_INFINITY },
      exportScope,
    );
    const arrived = structuredClone(scope);
    expect(enterScope(arrived, scopedConfig)).toEqual({
      jobs: 2,
      backendThreads: 1,
      maxBytes: Number.POSITIVE_INFINITY,
    });
    expect(scopedConfig()).toEqual({});
  });

  it('does not change the knobs of the process', () => {
    const before = parallelConfig();
    expect(withConfig({ backendThreads: 3 }, parallelConfig)).toEqual(before);
  });

  it.each([
    [{ jobs: 0 }, RangeError],
    [{ jobs: 1.5 }, RangeError],
    [{ jobs: '2' }, TypeError],
    [{ backend: '' }, TypeError],
    [{ backendThreads: 0 }, RangeError],
    [{ backendThreads: -2 }, RangeError],
    [{ childThreads: Number.NaN }, RangeError],
    [{ maxBytes: -1 }, RangeError],
    [{ batchSize: 'big' }, TypeError],
    [{ preDispatch: 0 }, RangeError],
    [{ preDispatch: '' }, TypeError],
    [{ timeout: 0 }, RangeError],
    [{ timeout: '1s' }, TypeError],
    [{ progress: 1 }, TypeError],
    [{ assumeFinite: 'yes' }, TypeError],
    [{ workingMemory: 0 }, RangeError],
    [{ pairwiseChunkSize: 0.5 }, RangeError],
    [{ nJobs: 2 }, TypeError],
    [null, TypeError],
  ])('refuses %j', (options, kind) => {
    let ran = false;
    const run = () =>
      withConfig(options as never, () => {
        ran = true;
      });
    expect(run).toThrow(kind);
    expect(ran).toBe(false);
  });

  it('names the nearest key when it meets one that there is not', () => {
    expect(() => withConfig({ nJobs: 2 } as never, () => {})).toThrow(/did you mean 'jobs'/);
  });
});
