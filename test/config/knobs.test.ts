import { afterEach, describe, expect, it, vi } from 'vitest';

const machine = vi.hoisted(() => ({ cores: 8 }));
vi.mock('../../src/machine/index.ts', async (original) => ({
  ...(await original<typeof import('../../src/machine/index.ts')>()),
  cpuCount: () => machine.cores,
}));

const { forgetCpuCount } = await import('../../src/config/budget.ts');
const { resetKnobs } = await import('../../src/config/knobs.ts');
const { threadpoolLimits } = await import('../../src/threadpools/index.ts');
const {
  becomeWorker,
  childThreadsFor,
  coreBudget,
  ensureInitialized,
  explainOperationThreads,
  initialize,
  knobSources,
  operationThreads,
  parallelConfig,
  withConfig,
  workerRole,
} = await import('../../src/config/index.ts');

function onCores(cores: number) {
  machine.cores = cores;
  forgetCpuCount();
}

afterEach(() => {
  vi.unstubAllEnvs();
  resetKnobs();
  becomeWorker({ level: 0, kind: 'main' });
  onCores(8);
});

describe('the knobs', () => {
  it.each([
    [1, { processes: 1, threads: 1, backendThreads: 1, childThreads: 1 }],
    [2, { processes: 2, threads: 2, backendThreads: 1, childThreads: 1 }],
    [4, { processes: 4, threads: 4, backendThreads: 1, childThreads: 1 }],
    [8, { processes: 4, threads: 8, backendThreads: 1, childThreads: 2 }],
    [12, { processes: 4, threads: 8, backendThreads: 1, childThreads: 3 }],
    [64, { processes: 4, threads: 8, backendThreads: 4, childThreads: 4 }],
  ])('have safe defaults on %i cores', (cores, expected) => {
    onCores(cores);
    expect(parallelConfig()).toEqual(expected);
    expect(parallelConfig().processes * parallelConfig().childThreads).toBeLessThanOrEqual(cores);
  });

  it('take an option before a variable before the default', () => {
    vi.stubEnv('HEDDLE_NUM_PROCS', '3');
    vi.stubEnv('HEDDLE_NUM_THREADS', '5');
    expect(parallelConfig()).toMatchObject({ processes: 3, threads: 5 });
    expect(initialize({ processes: 2 })).toMatchObject({ processes: 2, threads: 5 });
    expect(initialize({ threads: 6, backendThreads: 2 })).toMatchObject({
      processes: 2,
      threads: 6,
      backendThreads: 2,
    });
    expect(ensureInitialized()).toEqual(parallelConfig());
    expect(knobSources()).toEqual({
      processes: 'option',
      threads: 'option',
      backendThreads: 'option',
      childThreads: 'default',
    });
  });

  it('derive the inner threads from the workers really in force', () => {
    expect(initialize({ processes: 8 })).toMatchObject({ processes: 8, childThreads: 1 });
    expect(initialize({ processes: 2 })).toMatchObject({ childThreads: 4 });
    vi.stubEnv('HEDDLE_NUM_THREADS', '2');
    expect(parallelConfig()).toMatchObject({ threads: 2, backendThreads: 4 });
    expect([1, 2, 3, 4, 8, 100].map(childThreadsFor)).toEqual([8, 4, 2, 2, 1, 1]);
  });

  it('let a setting for the children win over what a job would derive', () => {
    vi.stubEnv('HEDDLE_NUM_CHILD_THREADS', '3');
    expect(childThreadsFor(8)).toBe(3);
    expect(withConfig({ childThreads: 2 }, () => childThreadsFor(8))).toBe(2);
    initialize({ childThreads: -1 });
    expect(childThreadsFor(8)).toBe(-1);
  });

  it.each([
    'HEDDLE_NUM_PROCS',
    'HEDDLE_NUM_THREADS',
    'HEDDLE_NUM_BACKEND_THREADS',
    'HEDDLE_NUM_CHILD_THREADS',
  ])('refuse a bad %s by its name and value', (name) => {
    for (const bad of ['0', '-2', '1.5', 'four', '١']) {
      vi.stubEnv(name, bad);
      expect(() => parallelConfig()).toThrow(RangeError);
      expect(() => parallelConfig()).toThrow(new RegExp(`'${name}'.*'${bad}'`));
    }
    vi.stubEnv(name, ' ');
    expect(() => parallelConfig()).not.toThrow();
  });

  it('allow -1 for the runtimes only', () => {
    vi.stubEnv('HEDDLE_NUM_BACKEND_THREADS', '-1');
    expect(parallelConfig().backendThreads).toBe(-1);
    expect(initialize({ childThreads: -1 }).childThreads).toBe(-1);
    vi.stubEnv('HEDDLE_NUM_PROCS', '-1');
    expect(() => parallelConfig()).toThrow(RangeError);
  });

  it('refuse options that make no sense', () => {
    for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => initialize({ processes: bad })).toThrow(/'processes'/);
    }
    expect(() => initialize({ threads: '2' as never })).toThrow(TypeError);
    expect(() => initialize({ procs: 2 } as never)).toThrow(/processes, threads/);
    expect(() => initialize(null as never)).toThrow(TypeError);
    expect(initialize({ processes: undefined as never }).processes).toBe(4);
  });
});

describe("threads of Heddle's own operations", () => {
  const most = (threads?: number) => operationThreads('openmp', threads, 64);
  const by = () => explainOperationThreads('openmp');

  it('are all cores, whatever the default for other runtimes is', () => {
    onCores(64);
    expect(parallelConfig().backendThreads).toBe(4);
    expect(most()).toBe(64);
    expect(by()).toEqual({ threads: 64, by: 'cores' });
  });

  it('are what the call says, else the scope, else the knob, else the variable', () => {
    onCores(64);
    vi.stubEnv('OMP_NUM_THREADS', '5,2');
    resetKnobs(); // variables are read once
    expect(by()).toEqual({ threads: 5, by: 'OMP_NUM_THREADS' });
    vi.stubEnv('HEDDLE_NUM_BACKEND_THREADS', '3');
    expect(by().threads).toBe(5);
    initialize();
    expect(by()).toEqual({ threads: 3, by: 'HEDDLE_NUM_BACKEND_THREADS' });
    initialize({ backendThreads: 2 });
    expect(by()).toEqual({ threads: 2, by: 'initialize({ backendThreads })' });
    withConfig({ backendThreads: 7 }, () => {
      expect(by()).toEqual({ threads: 7, by: 'withConfig({ backendThreads })' });
      expect(most()).toBe(7);
      expect(most(9)).toBe(9);
    });
    // Left alone by Heddle is left to the variable.
    expect(withConfig({ backendThreads: -1 }, by)).toEqual({ threads: 5, by: 'OMP_NUM_THREADS' });
    initialize({ backendThreads: -1 });
    expect(most()).toBe(5);
    expect(operationThreads('openmp', undefined, 4)).toBe(4);
  });

  it('are never more than OMP_THREAD_LIMIT', () => {
    onCores(64);
    vi.stubEnv('OMP_THREAD_LIMIT', '6');
    resetKnobs();
    expect([most(), most(4), most(9)]).toEqual([6, 4, 6]);
    expect(by()).toEqual({ threads: 6, by: 'OMP_THREAD_LIMIT' });
    expect(withConfig({ backendThreads: 8 }, most)).toBe(6);
  });

  it('yield to a limit of threadpoolLimits, which the native side applies', () => {
    onCores(64);
    vi.stubEnv('OMP_NUM_THREADS', '5');
    resetKnobs();
    const limits = threadpoolLimits(8);
    expect(most()).toBe(64);
    limits.restore();
    expect(most()).toBe(5);
  });

  it('in a worker are what its job asks, but not what it derives', () => {
    vi.stubEnv('OMP_NUM_THREADS', '5');
    becomeWorker({ level: 1, kind: 'thread', childThreads: 2 });
    expect(by()).toEqual({ threads: 5, by: 'OMP_NUM_THREADS' });
    becomeWorker({ level: 1, kind: 'thread', childThreads: 2, childThreadsAsked: true });
    expect(by()).toEqual({ threads: 2, by: 'childThreads' });
  });

  it('have a variable of each BLAS of its own', () => {
    vi.stubEnv('MKL_NUM_THREADS', '1');
    vi.stubEnv('OPENBLAS_NUM_THREADS', '3');
    resetKnobs();
    // The BLAS that comes with Heddle, and Debian's first choice, is an OpenBLAS.
    expect(explainOperationThreads('blas')).toEqual({ threads: 3, by: 'OPENBLAS_NUM_THREADS' });
    expect(by()).toEqual({ threads: 8, by: 'cores' });
  });
});

describe('in a worker', () => {
  it('processes and threads are 1, whatever is set', () => {
    vi.stubEnv('HEDDLE_NUM_PROCS', '3');
    vi.stubEnv('HEDDLE_NUM_BACKEND_THREADS', '7');
    becomeWorker({ level: 1, kind: 'process', childThreads: 2 });
    expect(workerRole()).toEqual({ level: 1, kind: 'process', childThreads: 2 });
    expect(initialize({ processes: 5, threads: 5 })).toEqual({
      processes: 1,
      threads: 1,
      backendThreads: 2,
      childThreads: 2,
    });
    expect(operationThreads('openmp', undefined, 64)).toBe(64);
    expect(coreBudget()).toBe(2);
    expect(knobSources()).toMatchObject({ processes: 'worker', backendThreads: 'worker' });
  });

  it('a thread shares the budget of its process', () => {
    becomeWorker({ level: 1, kind: 'thread', childThreads: 1 });
    expect(coreBudget()).toBe(8);
    expect(parallelConfig()).toMatchObject({ threads: 1, backendThreads: 1 });
    becomeWorker({ level: 1, kind: 'thread' });
    expect(parallelConfig().backendThreads).toBe(1);
  });

  it('what it starts takes its share of the cores from the environment', () => {
    vi.stubEnv('HEDDLE_CORE_BUDGET', '3');
    expect(coreBudget()).toBe(3);
    vi.stubEnv('HEDDLE_CORE_BUDGET', '300');
    expect(coreBudget()).toBe(8);
    vi.stubEnv('HEDDLE_CORE_BUDGET', 'x');
    expect(() => coreBudget()).toThrow(/HEDDLE_CORE_BUDGET/);
  });

  it('refuses a role that makes no sense', () => {
    expect(() => becomeWorker({ level: -1, kind: 'process' })).toThrow(RangeError);
    expect(() => becomeWorker({ level: 1, kind: 'process', childThreads: 0 })).toThrow(RangeError);
  });
});
