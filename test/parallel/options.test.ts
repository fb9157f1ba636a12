/**
 * Options, layouts, registered backends, chunks.
 */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { threads } from '../../src/backends/threads.ts';
import {
  type Backend,
  cpuCount,
  describeParallel,
  imap,
  invokeProgress,
  invoker,
  map,
  Parallel,
  registerBackend,
  shutdownWorkers,
  WorkChunks,
  withConfig,
} from '../../src/index.ts';
import { BUILD, VERSION, valueCount } from '../../src/protocol/index.ts';
import { loopback } from '../helpers/loopback.ts';
import { range, rejection, runProgram } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

describe('jobs', () => {
  const cores = cpuCount();

  it('counts from the cores where negative', () => {
    expect(describeParallel({ jobs: -1 }).jobs).toBe(cores);
    expect(describeParallel({ jobs: -2 }).jobs).toBe(Math.max(cores - 1, 1));
    expect(describeParallel({ jobs: -1000 }).jobs).toBe(1);
  });

  it.each([[0], [1.5], [Number.NaN]])('%d makes no sense', (jobs) => {
    expect(() => describeParallel({ jobs })).toThrow(RangeError);
  });

  it("is the scope's value, or the knob, where it is not given", () => {
    expect(withConfig({ jobs: 3 }, () => describeParallel().jobs)).toBe(3);
    expect(withConfig({ jobs: 3 }, () => describeParallel({ jobs: 2 }).jobs)).toBe(2);
    expect(describeParallel().jobs).toBe(Math.min(cores, 4));
    expect(describeParallel({ backend: 'threads' }).jobs).toBe(Math.min(cores, 8));
  });

  it('1 is the calling process itself', () => {
    expect(describeParallel({ jobs: 1 }).backend).toBe('sequential');
    expect(describeParallel({ backend: 'sequential' }).jobs).toBe(1);
  });

  it('says why', () => {
    const { reasons, childThreads } = describeParallel({ jobs: 2 });
    expect(reasons.join('; ')).toMatch(/2 worker\(s\): as asked.*core\(s\) shared out/);
    expect(childThreads).toBe(Math.max(Math.min(Math.floor(cores / 2), 4), 1));
  });
});

describe('options', () => {
  it.each([
    [{ backend: 'nothing' }, RangeError, /one of processes, threads, sequential/],
    [{ batchSize: 0 }, RangeError, /batchSize/],
    [{ batchSize: 2.5 }, RangeError, /batchSize/],
    [{ batchSize: 'some' as never }, TypeError, /batchSize/],
    [{ timeout: 0 }, RangeError, /timeout/],
    [{ timeout: '5' as never }, TypeError, /timeout/],
    [{ retries: -1 }, RangeError, /retries/],
    [{ preDispatch: 'eval(1)' }, RangeError, /preDispatch/],
    [{ onError: 'ignore' as never }, RangeError, /onError/],
    [{ initializer: 5 as never }, TypeError, /initializer/],
    [{ childThreads: 0 }, RangeError, /childThreads/],
    [{ jobs: 2, backend: 'sequential' }, RangeError, /sequential/],
    [{ resourceLimits: { codeRangeSizeMb: 8 } }, RangeError, /codeRangeSizeMb for a process/],
    [{ resourceLimits: { stackSizeMb: 8 } }, RangeError, /ulimit -s/],
    [{ signal: 5 as never }, TypeError, /signal/],
    [{ job: 7 } as never, TypeError, /'options.job' .*did you mean 'jobs'/],
    [{ n_jobs: 7 } as never, TypeError, /did you mean 'jobs'/],
    [{ batch_size: 7 } as never, TypeError, /did you mean 'batchSize'/],
    [{ timeuot: 7 } as never, TypeError, /did you mean 'timeout'/],
    [{ zzz: 7 } as never, TypeError, /there are argv, backend, batchSize, .*trace/],
    [{ ordered: true } as never, TypeError, /ordered/],
    [{ resourceLimits: { maxHeap: 3 } as never, backend: 'threads' }, TypeError, /maxHeap/],
    [{ resourceLimits: { stackSizeMb: 5000 }, backend: 'threads' }, RangeError, /at most 1024/],
    [{ resourceLimits: { stackSizeMb: -1 }, backend: 'threads' }, RangeError, /stackSizeMb/],
    [{ resourceLimits: 5 as never, backend: 'threads' }, TypeError, /resourceLimits/],
    [{ progress: { lable: 'x' } as never }, TypeError, /did you mean 'label'/],
    [{ progress: 7 as never }, TypeError, /progress/],
    [{ timeout: 2 ** 31 }, RangeError, /at most 2147483647, or Infinity/],
    [{ idleTimeout: 2 ** 31 }, RangeError, /at most 2147483647, or Infinity/],
    [{ startTimeout: 0 }, RangeError, /'startTimeout' must be a number of milliseconds greater/],
    [{ startTimeout: '1s' as never }, TypeError, /startTimeout/],
    [{ startTimeout: 2 ** 31 }, RangeError, /at most 2147483647, or Infinity/],
    [{ retries: 1e7 }, RangeError, /at most 1000000/],
    [{ jobs: 1e9 }, RangeError, /at most 65536/],
    [{ childThreads: 1e9 }, RangeError, /at most 65536/],
    [{ maxBytes: 2 ** 53 }, RangeError, /maxBytes/],
    [{ returnErrors: 'yes' as never }, TypeError, /true or false/],
    [{ trace: 5 as never }, TypeError, /a file name/],
    [5 as never, TypeError, /options/],
    [null as never, TypeError, /options/],
  ])('%j throw', (options, kind, message) => {
    expect(() => describeParallel(options)).toThrow(kind);
    expect(() => describeParallel(options)).toThrow(message);
  });

  it.each<[string, () => unknown]>([
    ['imap', () => imap([1], (x) => x, { orderd: true } as never)],
    ['invoker', () => invoker(1, (m, x: number) => m + x, { job: 2 } as never)],
    ['its map', () => invoker(1, (m, x: number) => m + x).map([1], { sginal: 1 } as never)],
    ['Parallel', () => new Parallel({ job: 2 } as never)],
    ['invokeProgress', () => invokeProgress({ lable: 'x' } as never)],
    ['shutdownWorkers', () => shutdownWorkers({ kil: true } as never)],
  ])('of %s that are not known are refused, with the nearest name', (_what, call) => {
    expect(call).toThrow(TypeError);
    expect(call).toThrow(/did you mean '(ordered|jobs|signal|label|kill)'/);
  });

  it('of all numbers may be at the edge of their range', async () => {
    const options = {
      jobs: 2,
      timeout: 2 ** 31 - 1,
      idleTimeout: 2 ** 31 - 1,
      retries: Number.POSITIVE_INFINITY,
      maxTasksPerWorker: Number.POSITIVE_INFINITY,
      batchSize: Number.MAX_SAFE_INTEGER,
    };
    expect(await map(range(4), (x) => x, { ...options, backend: 'threads' })).toEqual(range(4));
    expect(describeParallel({ timeout: Number.POSITIVE_INFINITY }).jobs).toBeGreaterThan(0);
  });

  it('may be one signal for many jobs, without a warning', async () => {
    const { stderr, stdout } = runProgram(`
      const { signal } = new AbortController();
      const options = { backend: 'threads', jobs: 2, signal };
      const jobs = Array.from({ length: 30 }, (_, i) => heddle.map([i, 1], (x) => x, options));
      console.log((await Promise.all(jobs)).length);
      const controller = new AbortController();
      const many = Array.from({ length: 30 }, () => heddle.map([1, 2], () => new Promise(() => {}),
        { ...options, signal: controller.signal }).catch((error) => error.name));
      controller.abort();
      console.log([...new Set(await Promise.all(many))].join());
    `);
    expect(stderr).toBe('');
    expect(stdout).toBe('30\nAbortError\n');
  });

  it('are refused before anything starts', async () => {
    expect(await rejection(map([1], 5 as never))).toBeInstanceOf(TypeError);
    expect(await rejection(map(5 as never, (x) => x, { jobs: 1 }))).toBeInstanceOf(TypeError);
    expect(() => imap([1], (x) => x, { jobs: 0 })).toThrow(RangeError);
  });
});

describe('WorkChunks', () => {
  it.each([
    [0, 0, 0],
    [1, 1, 1],
    [99, 99, 1],
    [100, 100, 1],
    [250, 100, 3],
    [200_000, 200, 1000],
    [5_000_000, 4000, 1250],
  ])('%d in chunks of %d: %d', (total, size, count) => {
    const chunks = WorkChunks.create(total);
    expect([chunks.total, chunks.chunkSize, chunks.chunkCount]).toEqual([total, size, count]);
    const ranges = [...chunks];
    expect(ranges).toHaveLength(count);
    let at = 0;
    for (const { start, end } of ranges) {
      expect(start).toBe(at);
      at = end;
    }
    expect(at).toBe(total);
  });

  it.each([[-1], [1.5], [Number.NaN]])('%d makes no sense', (total) => {
    expect(() => WorkChunks.create(total)).toThrow(RangeError);
  });
});

describe('a registered backend', () => {
  const registered: Disposable[] = [];
  afterEach(() => {
    for (const one of registered.splice(0)) one[Symbol.dispose]();
  });

  it('runs tasks by its name', async () => {
    const backend = loopback();
    registered.push(registerBackend('loopback', () => backend));
    const options = { backend: 'loopback', jobs: 2 };
    expect(await map(range(500), (x) => x + 1, options)).toEqual(range(500).map((x) => x + 1));
    expect(backend.started).toHaveLength(2);
    const named = await withConfig({ backend: 'loopback', jobs: 2 }, () =>
      map([1], (_x, ctx) => ctx.worker.backend),
    );
    expect(named).toEqual(['loopback']);
    expect(() => registerBackend('loopback', () => loopback())).toThrow(RangeError);
  });

  it('that can start no worker is an error that says so', async () => {
    registered.push(
      registerBackend('empty', () => ({
        ...loopback(),
        name: 'empty',
        refuses: () => 'it has none',
      })),
      registerBackend('broken', () => ({
        ...loopback(),
        name: 'broken',
        start: () => {
          throw new Error('no room');
        },
      })),
    );
    const empty = await rejection(map([1], (x) => x, { backend: 'empty', jobs: 2 }));
    expect((empty as Error).message).toContain('it has none');
    const broken = await rejection(map([1], (x) => x, { backend: 'broken', jobs: 2 }));
    expect(broken).toMatchObject({ code: 'ERR_HEDDLE_WORKER_START' });
    expect((broken as Error).message).toContain('no room');
  });

  it('that makes no backend is an error that says so', async () => {
    registered.push(registerBackend('nothing', () => undefined as never));
    const error = await rejection(map([1], (x) => x, { backend: 'nothing', jobs: 2 }));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
  });

  it('whose workers can not be reached: every call ends, and no task is lost', async () => {
    let sends = 0;
    const start: Backend['start'] = (spec, events) => {
      const { message, exit } = events;
      const handle = threads().start(spec, {
        message,
        exit: (how) => {
          exit(how);
          exit(how);
          message({ type: 'ready', clockOffset: 0, version: VERSION, build: BUILD });
        },
      });
      const send = handle.send.bind(handle);
      handle.send = (sent, transfer) => {
        const several = sent.type === 'batch' && valueCount(sent.args) > 1;
        const lost = several ? ++sends % 3 === 0 : /abort|close|stop/.test(sent.type);
        if (lost) throw new Error('unreachable');
        send(sent, transfer);
      };
      return handle;
    };
    registered.push(registerBackend('deaf', () => ({ ...threads(), name: 'deaf', start })));
    const options = { backend: 'deaf', jobs: 2, batchSize: 4 };
    expect(await map(range(40), (x) => x, options)).toEqual(range(40));
    const never = () => new Promise<never>(() => {});
    const stopped = map([1], never, { ...options, signal: AbortSignal.timeout(50) });
    expect(await rejection(stopped)).toMatchObject({ name: 'TimeoutError' });
    expect(await map(range(8), (x) => x, options)).toEqual(range(8));
  });

  it('whose workers can not be killed: a time-out ends the call', async () => {
    const start: Backend['start'] = (spec, events) => {
      const handle = threads().start(spec, events);
      const kill = handle.kill.bind(handle);
      handle.kill = () => {
        kill();
        throw new Error('immortal');
      };
      return handle;
    };
    registered.push(registerBackend('tough', () => ({ ...threads(), name: 'tough', start })));
    const never = () => new Promise<never>(() => {});
    const late = map([1], never, { backend: 'tough', jobs: 2, timeout: 50 });
    expect(await rejection(late)).toMatchObject({ code: 'ERR_HEDDLE_TIMEOUT' });
  });

  it('that is slow to send: tasks are submitted before they start all the same', async () => {
    const spin = (ms: number) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
    const start: Backend['start'] = (spec, events) => {
      const handle = threads().start(spec, events);
      const send = handle.send.bind(handle);
      handle.send = (message, transfer) => {
        send(message, transfer);
        spin(30); // as a thread that loses its core here
      };
      return handle;
    };
    registered.push(registerBackend('slow', () => ({ ...threads(), name: 'slow', start })));
    const stream = imap(range(4), (x) => x, { backend: 'slow', jobs: 2 });
    await stream.toArray();
    for (const { submitted, started } of stream.stats.tasks) {
      expect(started).toBeGreaterThan(submitted - 5);
    }
  });

  it('is forgotten when it is disposed of', () => {
    registerBackend('short', loopback)[Symbol.dispose]();
    expect(() => describeParallel({ backend: 'short' })).toThrow(RangeError);
  });
});
