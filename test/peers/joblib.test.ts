/**
 * What joblib's own tests (1.2: test_parallel.py) ask of Parallel and delayed, on every backend; each names the
 * one that it follows. docs/peers.md tells what is left out, and why.
 */
import {
  delayed,
  describeParallel,
  imap,
  map,
  Parallel,
  type ParallelOptions,
  parallelConfig,
  registerBackend,
  shutdownWorkers,
  TaskError,
  TaskTimeoutError,
  withConfig,
} from 'heddle';
import { matmulSync } from 'heddle/linalg';
import { Event, Value } from 'heddle/sync';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { everyBackend, range, rejection, runProgram, workerBackends } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const square = (x: number) => x ** 2;
const divide = (x: number, y: number) => {
  if (y === 0) throw new RangeError('division by zero');
  return x / y;
};
const identity = <T>(x: T): T => x;

describe.each(everyBackend)('%s', (_, options) => {
  it('test_simple_parallel, test_parallel_kwargs, test_lambda_expression', async () => {
    const run = (calls: Iterable<ReturnType<ReturnType<typeof delayed>>>) =>
      new Parallel(options).run(calls);
    const call = delayed(square);
    expect(await run(range(30).map((x) => call(x)))).toEqual(range(30).map(square));
    const named = delayed(({ x, y = 2 }: { x: number; y?: number }) => x * y);
    expect(await run([named({ x: 3 }), named({ x: 3, y: 5 })])).toEqual([6, 15]);
    const mixed = [call(2), delayed((a: string, b: string) => a + b)('a', 'b')];
    expect(await run(mixed)).toEqual([4, 'ab']);
  });

  it('test_parallel_as_context_manager, test_nested_loop', async () => {
    const results = await withConfig(options, async () => {
      const first = await map(range(10), square);
      const second = await map(first, (x) => x + 1);
      return second;
    });
    expect(results).toEqual(range(10).map((x) => x ** 2 + 1));
    const inner = (x: number) => map([x, x + 1], square);
    expect(await map([1, 2], inner, options)).toEqual([
      [1, 4],
      [4, 9],
    ]);
  });

  it('test_parallel_timeout_success, test_parallel_timeout_fail', async () => {
    expect(await map(range(10), square, { ...options, timeout: 60_000 })).toEqual(
      range(10).map(square),
    );
    const never = new Event();
    const late = map([1, 2], () => never.wait(), { ...options, timeout: 50 });
    expect(await rejection(late)).toBeInstanceOf(TaskTimeoutError);
  });

  it('test_error_capture, test_nested_exception_dispatch, test_joblib_exception', async () => {
    const error = (await rejection(map([1, 0], (y) => divide(1, y), options))) as TaskError;
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({ index: 1, cause: { name: 'RangeError' } });
    const nested = (y: number) => map([y], (z) => divide(1, z));
    const deep = (await rejection(map([0], nested, options))) as TaskError;
    expect(deep).toBeInstanceOf(TaskError);
    expect(String(deep)).toContain('division by zero');
    expect(await map([1, 2], square, options)).toEqual([1, 4]);
  });

  it.each([0, 5, 19])('test_error_in_task_iterator, at item %i', async (bad) => {
    function* tasks(): Generator<number> {
      for (const x of range(40)) {
        if (x === bad) throw new RangeError('of the iterator');
        yield x;
      }
    }
    const error = await rejection(map(tasks(), square, options));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'of the iterator' });
    expect(await map([3], square, options)).toEqual([9]);
  });

  it('test_dispatch_one_job, test_dispatch_multiprocessing', async () => {
    let made = 0;
    function* produce(): Generator<number> {
      for (const x of range(30)) {
        made++;
        yield x;
      }
    }
    const settings = { ...options, preDispatch: 3, batchSize: 1 };
    let taken = 0;
    for await (const _ of imap(produce(), square, settings)) {
      // 3 batches, or what the workers need; and the one that is just being taken.
      expect(made).toBeLessThanOrEqual(++taken + Math.max(3, 2 * options.jobs));
    }
    expect([made, taken]).toEqual([30, 30]);
  });

  it('test_invalid_batch_size, test_invalid_njobs, test_invalid_backend', () => {
    const refused: readonly [ParallelOptions, RegExp][] = [
      [{ batchSize: 0 }, /batchSize/],
      [{ batchSize: -1 }, /batchSize/],
      [{ batchSize: 1.42 }, /batchSize/],
      [{ jobs: 0 }, /jobs/],
      [{ backend: 'unheard-of' }, /unheard-of/],
    ];
    for (const [more, text] of refused) {
      expect(() => new Parallel({ ...options, ...more })).toThrow(text);
    }
  });

  it('test_parallel_with_exhausted_iterator', async () => {
    const iterator = range(3).values();
    expect(await map(iterator, square, options)).toEqual([0, 1, 4]);
    expect(await map(iterator, square, options)).toEqual([]);
    expect(await new Parallel(options).run([])).toEqual([]);
  });

  it('test_parallel_with_interactively_defined_functions, …_bound_method', async () => {
    class Offset {
      by = 5;
      add(x: number): number {
        return x + this.by;
      }
    }
    const offset = new Offset();
    const recursive = (n: number): number => (n < 2 ? n : recursive(n - 1) + recursive(n - 2));
    expect(await map([1, 2], (x) => offset.add(x), options)).toEqual([6, 7]);
    expect(await map([10], recursive, options)).toEqual([55]);
    expect(await map([() => 1, () => 2], (fn) => fn(), options)).toEqual([1, 2]);
  });

  it('test_auto_memmap_on_arrays_from_generator, test_memmap_with_big_offset', async () => {
    function* arrays(): Generator<Float64Array> {
      for (const x of range(4)) {
        const whole = new Float64Array(300_000).fill(x);
        yield x % 2 === 0 ? whole : whole.subarray(100_000);
      }
    }
    const seen = await map(
      arrays(),
      (a) => {
        a[0] = 99; // seen by nobody else
        return [a.length, a[a.length - 1]!] as const;
      },
      options,
    );
    expect(seen).toEqual([
      [300_000, 0],
      [200_000, 1],
      [300_000, 2],
      [200_000, 3],
    ]);
  });

  it('test_globals_update_at_each_parallel_call', async () => {
    let flag = 'first';
    const see = (_: number) => flag;
    expect(await map([0], see, options)).toEqual(['first']);
    flag = 'second';
    expect(await map([0], see, options)).toEqual(['second']);
  });

  it('test_no_blas_crash_or_freeze: products before, during and in workers', async () => {
    const ones = { data: new Float64Array(64 * 64).fill(1), shape: [64, 64] as const };
    const before = matmulSync(ones, ones).data[0];
    const running = map(range(4), () => matmulSync(ones, ones).data[5], options);
    const during = matmulSync(ones, ones).data[0];
    expect([before, during, ...(await running)]).toEqual([64, 64, 64, 64, 64, 64]);
  });
});

describe.each(workerBackends)('workers (%s)', (_, options) => {
  it('test_abort_backend: an early failure beats what is long', async () => {
    const never = new Event();
    const tasks = ['a', ...Array(50).fill('b')] as string[];
    const run = async (task: string) => {
      if (task === 'a') throw new TypeError('early');
      await never.wait();
    };
    const failing = map(tasks, run, { ...options, onError: 'kill' });
    expect(await rejection(failing)).toMatchObject({ index: 0, cause: { message: 'early' } });
    expect(await map([2], square, options)).toEqual([4]);
  });

  it('test_batching_auto_threading, test_batching_auto_subprocesses', async () => {
    const stream = imap(range(20_000), identity, options);
    let count = 0;
    for await (const _ of stream) count++;
    expect(count).toBe(20_000);
    const one = imap(
      range(6),
      (x) => new Promise((resolve) => setTimeout(resolve, 60, x)),
      options,
    );
    expect(await one.toArray()).toEqual(range(6));
  });

  it('unordered_generator_returns_fastest_first', async () => {
    const gate = new Event();
    const task = async (x: number) => {
      if (x === 0) await gate.wait();
      return x;
    };
    const seen: number[] = [];
    for await (const x of imap(range(10), task, { ...options, ordered: false, batchSize: 1 })) {
      seen.push(x);
      if (seen.length === 9) gate.set();
    }
    expect(seen.at(-1)).toBe(0);
    expect(seen.slice(0, 9).sort()).toEqual(range(10).slice(1));
  });

  it('deadlock_with_generator: a stream of large results that is left early', async () => {
    const large = (x: number) => new Float64Array(200_000).fill(x);
    for (let round = 0; round < 3; round++) {
      for await (const result of imap(range(40), large, options)) {
        expect(result[7]).toBe(0);
        break;
      }
    }
    expect(await map([3], square, options)).toEqual([9]);
  });

  it('test_mutate_input: a task that writes into its argument writes into its own', async () => {
    const input = new Float64Array(400_000).fill(1);
    const write = (a: Float64Array) => {
      a.fill(2);
      return a[0];
    };
    expect(await map([input, input], write, options)).toEqual([2, 2]);
    expect(input[0]).toBe(1);
  });

  it('test_nested_parallelism_limit, test_thread_bomb_mitigation', async () => {
    const depth = (_: number) => {
      const { backend, jobs } = describeParallel();
      return [backend, jobs];
    };
    expect(await map([0], depth, options)).toEqual([['sequential', 1]]);
  });

  it('test_parallel_thread_limit, test_threadpool_limitation_in_child', async () => {
    const { childThreads, cores } = describeParallel(options);
    expect(childThreads).toBe(Math.max(1, Math.floor(cores / options.jobs)));
    const limited = await map([0, 1], () => parallelConfig().backendThreads, {
      ...options,
      childThreads: 1,
    });
    expect(limited).toEqual([1, 1]);
  });

  it('test_loky_reuse_workers', async () => {
    const ids = new Set<number>();
    for (let call = 0; call < 10; call++) {
      const seen = await map(range(4), (_, ctx) => ctx.worker.id, options);
      for (const id of seen) ids.add(id);
    }
    expect(ids.size).toBeLessThanOrEqual(options.jobs);
  });

  it('loky: initializer_reused, the same one, and another where what it captures has changed', async () => {
    const calls = new Value('int32', 0);
    const initializerOf = (by: number) => () => void calls.updateSync((n) => n + by);
    const initializer = initializerOf(1);
    for (let i = 0; i < 3; i++)
      await map(range(4), square, { ...options, jobs: 1, argv: ['i'], initializer });
    expect(calls.value).toBe(1);
    await map(range(4), square, {
      ...options,
      jobs: 1,
      argv: ['i'],
      initializer: initializerOf(10),
    });
    expect(calls.value).toBe(11);
  });

  it('test_memmapping_leaks, child_raises_parent_exits_cleanly: nothing is left or printed', () => {
    const { stdout, stderr, code } = runProgram(`
      const fail = (a) => { throw new Error('in a worker'); };
      await heddle.map([new Float64Array(300_000)], fail, ${JSON.stringify(options)})
        .catch((error) => console.log(error.cause.message));
      await heddle.shutdownWorkers();`);
    expect({ stdout, stderr, code }).toEqual({ stdout: 'in a worker\n', stderr: '', code: 0 });
  });
});

describe('backends', () => {
  it('test_backend_hinting_and_constraints, test_invalid_backend_hinting_and_constraints', () => {
    expect(describeParallel({ prefer: 'threads', jobs: 2 }).backend).toBe('threads');
    expect(describeParallel({ prefer: 'processes', jobs: 2 }).backend).toBe('processes');
    expect(describeParallel({ require: 'sharedmem', jobs: 2 }).backend).toBe('threads');
    const contradiction = { backend: 'processes', require: 'sharedmem', jobs: 2 } as const;
    expect(() => describeParallel(contradiction)).toThrow(/sharedmem/);
    expect(() => describeParallel({ prefer: 'fibres' as never })).toThrow(/prefer/);
  });

  it('test_nested_backend_context_manager, test_effective_n_jobs_None', () => {
    const inside = withConfig({ backend: 'threads', jobs: 2 }, () => [
      describeParallel().backend,
      describeParallel().jobs,
      withConfig({ jobs: 1 }, () => describeParallel().jobs),
      describeParallel().jobs,
    ]);
    expect(inside).toEqual(['threads', 2, 1, 2]);
  });

  it('test_register_parallel_backend, test_overwrite_default_backend, test_external_backends', async () => {
    const { threads } = await import('../../src/backends/threads.ts');
    const own = { ...threads(), name: 'peer' };
    using _ = registerBackend('peer', () => own);
    expect(describeParallel({ backend: 'peer', jobs: 2 }).backend).toBe('peer');
    expect(withConfig({ backend: 'peer', jobs: 2 }, () => describeParallel().backend)).toBe('peer');
  });
});
