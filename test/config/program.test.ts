/**
 * `setConfig` and `getConfig`: defaults of the program, under all scopes.
 */
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Config,
  describeParallel,
  executor,
  getConfig,
  map,
  setConfig,
  withConfig,
} from '../../src/index.ts';

afterEach(() => {
  setConfig(Object.fromEntries(Object.keys(getConfig()).map((key) => [key, undefined])));
  expect(getConfig()).toEqual({});
});

describe('setConfig', () => {
  it('holds everywhere, and under what scopes and calls say', async () => {
    setConfig({ backend: 'threads', jobs: 3 });
    expect(getConfig()).toEqual({ backend: 'threads', jobs: 3 });
    expect(describeParallel()).toMatchObject({ backend: 'threads', jobs: 3 });
    withConfig({ jobs: 2 }, () => {
      expect(getConfig()).toEqual({ backend: 'threads', jobs: 2 });
      expect(describeParallel()).toMatchObject({ backend: 'threads', jobs: 2 });
      expect(describeParallel({ backend: 'processes' }).backend).toBe('processes');
    });
    setConfig({ jobs: undefined, batchSize: 5 });
    expect(getConfig()).toEqual({ backend: 'threads', batchSize: 5 });
  });

  it('is seen in scopes that are there already, but for what these set', async () => {
    await withConfig({ jobs: 2 }, async () => {
      setConfig({ jobs: 4, batchSize: 7 });
      await null;
      expect(getConfig()).toEqual({ jobs: 2, batchSize: 7 });
      withConfig({ batchSize: 1 }, () => expect(getConfig()).toEqual({ jobs: 2, batchSize: 1 }));
      setConfig({ batchSize: undefined });
      expect(getConfig()).toEqual({ jobs: 2 });
    });
    expect(getConfig()).toEqual({ jobs: 4 });
  });

  it('gives what nobody can change', () => {
    setConfig({ jobs: 2 });
    expect(Object.isFrozen(getConfig())).toBe(true);
    withConfig({ jobs: 3 }, () => expect(Object.isFrozen(getConfig())).toBe(true));
  });

  it('reaches workers', async () => {
    setConfig({ assumeFinite: true, workingMemory: '2M' });
    const [there] = await map([1, 2], () => getConfig(), { backend: 'threads', jobs: 2 });
    expect(there).toEqual({ assumeFinite: true, workingMemory: 2 ** 21 });
  });

  it('sets nothing where one of the settings is wrong', () => {
    setConfig({ jobs: 2 });
    expect(() => setConfig({ jobs: 3, batchSize: 0 })).toThrow(/'batchSize'/);
    expect(() => setConfig({ job: 3 } as never)).toThrow(/did you mean 'jobs'/);
    for (const none of [undefined, null, 7]) {
      const refused = expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
      expect(() => setConfig(none as never)).toThrow(refused);
      expect(() => withConfig(none as never, () => {})).toThrow(refused);
    }
    expect(() => setConfig(null as never)).toThrow(/'options' must be an object/);
    expect(getConfig()).toEqual({ jobs: 2 });
  });

  it.each<[Partial<Config>, RegExp]>([
    [{ retries: -1 }, /'retries'/],
    [{ onError: 'stop' as never }, /'onError' must be one of 'finish', 'kill'/],
    [{ maxTasksPerWorker: 0 }, /'maxTasksPerWorker'/],
    [{ maxWorkerMemory: '0K' }, /'maxWorkerMemory'/],
    [{ maxBytes: '1 M' as never }, /'maxBytes' must be a number of bytes, or one as '100M'/],
    [{ idleTimeout: -5 }, /'idleTimeout'/],
    [{ startTimeout: 0 }, /'startTimeout'/],
    [{ prefer: 'fast' as never }, /'prefer'/],
    [{ require: 'gil' as never }, /'require' must be one of 'sharedmem'/],
  ])('refuses %j', (options, message) => {
    expect(() => setConfig(options)).toThrow(message);
    expect(() => withConfig(options, () => {})).toThrow(message);
  });

  it('takes sizes with units, of which each is 1024 of the one before', () => {
    setConfig({ maxBytes: '1M', maxWorkerMemory: '1.5G', workingMemory: '64K' });
    expect(getConfig()).toEqual({
      maxBytes: 2 ** 20,
      maxWorkerMemory: 1.5 * 2 ** 30,
      workingMemory: 2 ** 16,
    });
  });
});

describe('settings of jobs', () => {
  it('are taken from the scope: retries, and after how many tasks a worker is replaced', async () => {
    const options = { backend: 'threads', jobs: 2 } as const;
    const workers = await withConfig({ maxTasksPerWorker: 1 }, () =>
      map([1, 2, 3, 4], (_, { worker }) => worker.id, options),
    );
    expect(new Set(workers).size).toBe(4);
  });

  it('may be sizes with units', async () => {
    const options = { backend: 'threads', jobs: 2, maxBytes: '1K', maxWorkerMemory: '8G' } as const;
    const array = new Float64Array(1000).fill(2);
    expect(await map([array, array], (one) => one[999], options)).toEqual([2, 2]);
    expect(() => executor({ maxBytes: 'many' as never })).toThrow(/'maxBytes' must be a number of/);
  });
});

describe('hints', () => {
  const backendOf = (...args: Parameters<typeof describeParallel>): string =>
    describeParallel({ jobs: 2, ...args[0] }).backend;

  it('say which workers are liked, where nobody names a backend', () => {
    expect(backendOf({ prefer: 'threads' })).toBe('threads');
    expect(backendOf({ prefer: 'processes' })).toBe('processes');
    expect(backendOf({ prefer: 'threads', backend: 'processes' })).toBe('processes');
    withConfig({ backend: 'processes' }, () =>
      expect(backendOf({ prefer: 'threads' })).toBe('processes'),
    );
    withConfig({ prefer: 'threads' }, () => {
      expect(backendOf()).toBe('threads');
      expect(backendOf({ prefer: 'processes' })).toBe('processes');
    });
  });

  it('ask for workers that share memory, whatever the scope says', async () => {
    expect(backendOf({ require: 'sharedmem' })).toBe('threads');
    expect(backendOf({ require: 'sharedmem', backend: 'sequential', jobs: 1 })).toBe('sequential');
    expect(backendOf({ require: 'sharedmem', jobs: 1 })).toBe('sequential');
    withConfig({ backend: 'processes' }, () =>
      expect(backendOf({ require: 'sharedmem' })).toBe('threads'),
    );
    withConfig({ require: 'sharedmem' }, () => expect(backendOf()).toBe('threads'));
    const memory = new Int32Array(new SharedArrayBuffer(4));
    const add = (one: Int32Array) => Atomics.add(one, 0, 1);
    await map([memory, memory, memory], add, { require: 'sharedmem', jobs: 2 });
    expect(memory[0]).toBe(3);
  });

  it('are refused where they contradict each other or the backend', () => {
    expect(() => backendOf({ require: 'sharedmem', backend: 'processes' })).toThrow(
      /'backend' must be one whose workers are threads, as require: 'sharedmem' asks for/,
    );
    expect(() => backendOf({ require: 'sharedmem', prefer: 'processes' })).toThrow(/'prefer'/);
    expect(() => backendOf({ prefer: 'sequential' as never })).toThrow(/'prefer' must be one of/);
  });
});
