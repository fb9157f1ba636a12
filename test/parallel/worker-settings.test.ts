/**
 * What workers are started with: variables, flags, arguments, folder, priority, limits.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describeParallel, map, type ParallelOptions, shutdownWorkers } from 'heddle';
import { Barrier } from 'heddle/sync';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { everyBackend, range, rejection, runProgram, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const root = process.getuid?.() === 0;

/** A folder that is there as long as the test. */
function folder(): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-test-'));
  onTestFinished(() => fs.rmSync(made, { recursive: true, force: true }));
  return fs.realpathSync(made);
}

describe.each(workerBackends)('workers: %s', (backend, options) => {
  const one = async <R>(fn: () => R, settings: ParallelOptions): Promise<Awaited<R>> => {
    const [result] = await map([0], fn, { ...options, ...settings });
    return result!;
  };

  it('have the variables that they are given, and not those that are taken away', async () => {
    process.env.HEDDLE_TEST_KEPT = 'kept';
    process.env.HEDDLE_TEST_GONE = 'gone';
    process.env.HEDDLE_TEST_OTHER = 'other';
    onTestFinished(() => {
      for (const name of ['KEPT', 'GONE', 'OTHER']) delete process.env[`HEDDLE_TEST_${name}`];
    });
    const read = () =>
      ['KEPT', 'GONE', 'OTHER', 'NEW'].map((name) => process.env[`HEDDLE_TEST_${name}`] ?? null);
    const env = { HEDDLE_TEST_GONE: undefined, HEDDLE_TEST_OTHER: 'mine', HEDDLE_TEST_NEW: '' };
    expect(await one(read, { env })).toEqual(['kept', null, 'mine', '']);
    expect(process.env.HEDDLE_TEST_OTHER).toBe('other');
    // They are there before the initializer runs.
    const initializer = () => {
      process.env.HEDDLE_TEST_KEPT = `seen ${process.env.HEDDLE_TEST_OTHER}`;
    };
    expect((await one(read, { env, initializer }))[0]).toBe('seen mine');
  });

  it('with other settings are others, and with equal ones the same', async () => {
    const who = (env: ParallelOptions['env']) =>
      map(range(4), (_x, ctx) => ctx.worker.id, { ...options, env, idleTimeout: 60_000 });
    const first = new Set(await who({ HEDDLE_TEST_A: '1', HEDDLE_TEST_B: undefined }));
    const other = new Set(await who({ HEDDLE_TEST_A: '2', HEDDLE_TEST_B: undefined }));
    const kept = new Set(await who({ HEDDLE_TEST_A: '1' }));
    const again = new Set(await who({ HEDDLE_TEST_B: undefined, HEDDLE_TEST_A: '1' }));
    expect([...first].filter((id) => other.has(id) || kept.has(id))).toEqual([]);
    expect([...again].some((id) => first.has(id))).toBe(true);
  });

  it('have the arguments that they are given, and no others', async () => {
    const read = () => process.argv.slice(2);
    expect(await one(read, {})).toEqual([]);
    expect(await one(read, { argv: ['--fast', 'a b', ''] })).toEqual(['--fast', 'a b', '']);
    expect(await one(read, { argv: ['--heddle-no-page'] })).toEqual(['--heddle-no-page']);
  });

  it('have flags of Node, besides those of the program', async () => {
    const work = () => [process.execArgv.includes('--no-deprecation'), process.noDeprecation];
    expect(await one(work, { execArgv: ['--no-deprecation'] })).toEqual([true, true]);
    const { stdout, stderr } = runProgram(
      `const read = () => [process.execArgv.includes('--no-warnings'), process.traceDeprecation === true];
      const options = { jobs: 2, backend: '${backend}' };
      console.log(JSON.stringify(await heddle.map([0], read, options)));
      console.log(JSON.stringify(
        await heddle.map([0], read, { ...options, execArgv: ['--trace-deprecation'] })));`,
      // A thread can't be given the first by its own flags.
      ['--max-semi-space-size=8', '--no-warnings'],
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('[[true,false]]\n[[true,true]]\n');
  });

  it('are not started with flags that Node refuses', async () => {
    const error = await rejection(one(() => 1, { execArgv: ['--no-such-flag'] }));
    expect(error).toMatchObject({ name: 'WorkerStartError' });
    expect(await one(() => 1, {})).toBe(1);
  });

  it('are workers also where there is one job', async () => {
    const settings = { jobs: 1, env: { HEDDLE_TEST_ALONE: 'yes' } };
    const read = () => process.env.HEDDLE_TEST_ALONE;
    expect(await one(read, settings)).toBe('yes');
    expect(process.env.HEDDLE_TEST_ALONE).toBeUndefined();
    const { backend: used, reasons } = describeParallel({ ...options, ...settings });
    expect(used).toBe(backend);
    expect(reasons).toContain('workers that are started with env HEDDLE_TEST_ALONE');
  });

  it.runIf(process.platform === 'linux')('have a priority', async () => {
    const read = () => {
      const fs = process.getBuiltinModule('node:fs');
      // The 19th field, of which the second is in brackets.
      const nice = (file: string) =>
        Number(fs.readFileSync(`${file}/stat`, 'utf8').split(') ')[1]!.split(' ')[16]);
      const own = nice('/proc/thread-self');
      const all = fs.readdirSync('/proc/self/task').map((id) => nice(`/proc/self/task/${id}`));
      return [own, ...all];
    };
    const [own, ...all] = await one(read, { nice: 7 });
    expect(own).toBe(7);
    if (backend === 'processes') expect(new Set(all)).toEqual(new Set([7]));
    else expect(all).toContain(os.getPriority());
    expect((await one(read, {}))[0]).toBe(os.getPriority());
  });

  it('end at the limit of their heap', async () => {
    const grow = () => {
      const kept: number[][] = [];
      for (;;) kept.push(new Array(1000).fill(Math.random()));
    };
    const limits = { maxOldGenerationSizeMb: 40, maxYoungGenerationSizeMb: 6 };
    const error = await rejection(one(grow, { resourceLimits: limits }));
    expect(error).toMatchObject({ name: 'WorkerCrashedError' });
    expect(String((error as Error).message)).toMatch(/maxOldGenerationSizeMb|max-old-space-size/);
    const heap = await one(
      () => process.getBuiltinModule('node:v8').getHeapStatistics().heap_size_limit,
      { resourceLimits: limits },
    );
    expect(heap).toBeLessThan(80e6);
  });

  it('write a profile each when they end in order', async () => {
    const made = folder();
    runProgram(`
      const work = (x) => { let s = 0; for (let i = 0; i < 1e6; i++) s += i ^ x; return s; };
      const execArgv = ['--cpu-prof', '--cpu-prof-dir=${made}'];
      const options = { jobs: 2, backend: '${backend}', batchSize: 1, execArgv };
      await heddle.map([1, 2, 3, 4], work, options);
    `);
    const files = fs.readdirSync(made);
    expect(files.length).toBeGreaterThanOrEqual(1);
    for (const file of files) {
      const { nodes } = JSON.parse(fs.readFileSync(path.join(made, file), 'utf8'));
      expect(nodes.length).toBeGreaterThan(1);
    }
  });
});

describe('worker processes', () => {
  const options = { backend: 'processes', jobs: 2 } as const;

  it('are in the folder that they are given, or in that of the program as it is', async () => {
    const [a, b] = [folder(), folder()];
    const where = (settings: ParallelOptions = {}) =>
      map([0], () => process.cwd(), { ...options, ...settings });
    expect(await where({ cwd: a })).toEqual([a]);
    expect(await where()).toEqual([process.cwd()]);
    const { stdout } = runProgram(`
      const where = async () => (await heddle.map([0], () => process.cwd(), { jobs: 2 }))[0];
      const before = await where();
      process.chdir(${JSON.stringify(b)});
      console.log(before === ${JSON.stringify(process.cwd())}, await where());
      console.log(await heddle.map([0], () => process.cwd(), { jobs: 2, cwd: '..' }));
    `);
    expect(stdout).toBe(`true ${b}\n[ '${path.dirname(b)}' ]\n`);
  });

  it('are not started in a folder that is not there', async () => {
    const error = await rejection(map([0], () => 1, { ...options, cwd: '/no/such/folder' }));
    expect(error).toMatchObject({ name: 'WorkerStartError', cause: { code: 'ENOENT' } });
    expect((error as Error).message).toMatch(/'cwd' must be a folder .* \/no\/such\/folder/);
  });

  it('pass variables for thread pools on that they are given', async () => {
    const read = () => [process.env.OMP_NUM_THREADS, process.env.MKL_NUM_THREADS];
    const env = { OMP_NUM_THREADS: '3' };
    expect((await map([0], read, { ...options, env }))[0]![0]).toBe('3');
    expect(await map([0], read, { ...options, env, childThreads: 2 })).toEqual([['2', '2']]);
    // In a worker, whose own were set by its parent.
    const nested = await map(
      [(await import('../helpers/built.ts')).builtUrl],
      async (url) => {
        const heddle = (await import(url)) as typeof import('heddle');
        const settings = { jobs: 1, backend: 'processes', env: { OMP_NUM_THREADS: '3' } };
        return await heddle.map([0], () => process.env.OMP_NUM_THREADS, settings);
      },
      options,
    );
    expect(nested).toEqual([['3']]);
  });

  it('have a debugger each, whose ports differ', async () => {
    const both = new Barrier(2);
    const ask = async () => {
      await both.wait();
      return new URL(process.getBuiltinModule('node:inspector').url()!).port;
    };
    const settings = { ...options, batchSize: 1 };
    const free = await map([0, 1], ask, { ...settings, execArgv: ['--inspect=127.0.0.1:0'] });
    expect(new Set(free).size).toBe(2);
    const base = 20_000 + (process.pid % 20_000);
    const ports = await map([0, 1], ask, { ...settings, execArgv: [`--inspect=${base}`] });
    // Workers of the job before may still have the numbers before.
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) expect(Number(port) - base).toBeLessThan(6);
  });

  it('write profiles of one name to files of their own', async () => {
    const made = folder();
    runProgram(`
      const execArgv = ['--cpu-prof', '--cpu-prof-dir=${made}', '--cpu-prof-name', 'a.b.cpuprofile'];
      const nap = () => new Promise((resolve) => setTimeout(resolve, 200));
      await heddle.map([1, 2], nap, { jobs: 2, batchSize: 1, execArgv });
    `);
    expect(fs.readdirSync(made).sort()).toEqual(['a.b-1.cpuprofile', 'a.b-2.cpuprofile']);
  });

  it.runIf(root)('that may not have a priority say so', () => {
    const { stdout, stderr } = runProgram(`
      process.setgid(65534);
      process.setuid(65534);
      const error = await heddle.map([0], () => 1, { jobs: 2, nice: -5 }).catch((error) => error);
      console.log(error.name, error.message, error.cause.code);
    `);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^WorkerSetupError .*the nice value -5.* ERR_SYSTEM_ERROR\n$/s);
  });
});

describe('settings', () => {
  it.each<[ParallelOptions, ErrorConstructor, RegExp]>([
    [{ env: 5 as never }, TypeError, /'env' must be an object of variables/],
    [{ env: { A: 5 as never } }, TypeError, /'env.A' must be a text/],
    [{ env: { 'A=B': '5' } }, RangeError, /name of a variable/],
    [{ env: { A: 'x\0' } }, TypeError, /zero bytes/],
    [{ execArgv: '--inspect' as never }, TypeError, /'execArgv' must be an array of texts/],
    [{ execArgv: [5 as never] }, TypeError, /'execArgv\[0\]'/],
    [{ argv: ['x\0'] }, TypeError, /'argv\[0\]'/],
    [{ cwd: '' }, TypeError, /'cwd' must be the path of a folder/],
    [{ nice: 20 }, RangeError, /at least -20 and at most 19/],
    [{ nice: 1.5 }, RangeError, /a whole number/],
    [{ backend: 'threads', cwd: '/' }, RangeError, /working directory of their process/],
    [{ backend: 'threads', execArgv: ['--inspect'] }, RangeError, /start the program with/],
    [{ backend: 'threads', env: { NODE_OPTIONS: '' } }, RangeError, /by execArgv/],
    [{ backend: 'sequential', nice: 1 }, RangeError, /left out with the backend 'sequential'/],
    [{ backend: 'sequential', env: {} }, RangeError, /left out with the backend 'sequential'/],
  ])('%j are refused', (options, kind, message) => {
    expect(() => describeParallel(options)).toThrow(kind);
    expect(() => describeParallel(options)).toThrow(message);
  });

  it('of none are the pool of before', async () => {
    for (const [, options] of everyBackend) {
      expect(describeParallel(options).reasons.join()).not.toMatch(/started with/);
      expect(await map([1], (x) => x, options)).toEqual([1]);
    }
  });
});
