import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type LibraryController,
  registerController,
  ThreadpoolController,
  threadpoolInfo,
  threadpoolLimits,
} from '../../src/index.ts';

/** A pool like that of an addon which has its own functions for it. */
function pool(threads = 8) {
  const state = { threads };
  const controller: LibraryController = {
    userApi: 'database',
    internalApi: 'duck',
    version: () => '1.2.3',
    filepath: '/opt/duck.node',
    getNumThreads: () => state.threads,
    setNumThreads: (next) => {
      state.threads = next;
    },
    details: () => ({ flavour: 'test' }),
  };
  return { state, controller };
}

let registration: Disposable | undefined;
afterEach(() => {
  registration?.[Symbol.dispose]();
  registration = undefined;
});

const mine = () => threadpoolInfo().find((info) => info.internalApi === 'duck');

describe('registerController', () => {
  it('makes a pool appear, with its number of the moment, and be taken out again', () => {
    const { state, controller } = pool();
    expect(mine()).toBeUndefined();
    registration = registerController(controller);
    expect(mine()).toEqual({
      userApi: 'database',
      internalApi: 'duck',
      prefix: 'duck',
      filepath: '/opt/duck.node',
      version: '1.2.3',
      numThreads: 8,
      scope: 'process',
      flavour: 'test',
    });
    state.threads = 5;
    expect(mine()?.numThreads).toBe(5);
    registration[Symbol.dispose]();
    expect(mine()).toBeUndefined();
  });

  it('makes it obey limits by number, by its user API and by its prefix', () => {
    const { state, controller } = pool();
    registration = registerController(controller);
    for (const limits of [2, { database: 2 }, { duck: 2 }]) {
      const limit = threadpoolLimits(limits);
      expect(state.threads).toBe(2);
      expect(limit.originalNumThreads().database).toBe(8);
      limit.restore();
      expect(state.threads).toBe(8);
    }
    const blas = threadpoolLimits({ blas: 1 });
    expect(state.threads).toBe(8);
    blas.restore();
    const byApi = threadpoolLimits(3, { userApi: 'database' });
    expect(state.threads).toBe(3);
    byApi.restore();
    expect(new ThreadpoolController().select({ userApi: 'database' }).length).toBe(1);
  });

  it('gives it the rules of leases', () => {
    const { state, controller } = pool();
    registration = registerController(controller);
    const first = threadpoolLimits({ database: 3 });
    const second = threadpoolLimits({ database: 1 });
    first.restore();
    expect(state.threads).toBe(1);
    second.restore();
    expect(state.threads).toBe(8);

    registration[Symbol.dispose]();
    registration = registerController({ ...controller, scope: 'thread' });
    const outer = threadpoolLimits({ database: 1 });
    const inner = threadpoolLimits({ database: 2 });
    expect(state.threads).toBe(2);
    inner.restore();
    expect(state.threads).toBe(1);
    outer.restore();
    expect(state.threads).toBe(8);
  });

  it('ends its limits when it is taken out', () => {
    const { state, controller } = pool();
    registration = registerController(controller);
    const limits = threadpoolLimits(1);
    registration[Symbol.dispose]();
    expect(state.threads).toBe(8);
    limits.restore();
    expect(state.threads).toBe(8);
  });

  it('waits for a setter that returns a Promise, one call after the other', async () => {
    const { state, controller } = pool();
    const calls: number[] = [];
    registration = registerController({
      ...controller,
      setNumThreads: async (threads) => {
        calls.push(threads);
        await new Promise((resolve) => setTimeout(resolve, threads));
        state.threads = threads;
      },
    });
    const limits = threadpoolLimits({ database: 6 });
    await limits.ready;
    expect(state.threads).toBe(6);
    const inner = threadpoolLimits({ database: 1 });
    inner.restore();
    limits.restore();
    await limits.ready;
    expect(calls).toEqual([6, 1, 6, 8]);
    expect(state.threads).toBe(8);
  });

  it('tells of a setter whose Promise is rejected, and crashes nothing', async () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    registration = registerController({
      ...pool().controller,
      setNumThreads: () => Promise.reject(new Error('no connection')),
    });
    const limits = threadpoolLimits({ database: 1 });
    await expect(limits.ready).rejects.toThrow('no connection');
    limits.restore();
    await limits.ready.catch(() => {});
    expect(warning.mock.calls[0]?.[0]).toMatch(/'duck' could not set.*no connection/);
    warning.mockRestore();
  });

  it('refuses what is no controller, and a second one of the same name', () => {
    const { controller } = pool();
    expect(() => registerController(null as never)).toThrow(TypeError);
    for (const key of ['userApi', 'internalApi', 'getNumThreads', 'setNumThreads'] as const) {
      expect(() => registerController({ ...controller, [key]: undefined } as never)).toThrow(key);
    }
    registration = registerController(controller);
    expect(() => registerController(controller)).toThrow(RangeError);
  });
});
