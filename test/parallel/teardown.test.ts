/**
 * The ends of workers: what they do before, how long they may take, and which of them stay.
 */
import { channel } from 'node:diagnostics_channel';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { map, type ParallelOptions, shutdownWorkers } from 'heddle';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { everyBackend, range, runProgram, sleep, until, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** A file for notes, one in a line. */
function notes(): { readonly file: string; read(): string[] } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-test-'));
  const file = path.join(folder, 'notes');
  fs.writeFileSync(file, '');
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return { file, read: () => fs.readFileSync(file, 'utf8').split('\n').filter(Boolean) };
}

/** Tells in a file when the workers of a pool begin and end. */
function noting(file: string): ParallelOptions {
  return {
    initializer: () => {
      process.getBuiltinModule('node:fs').appendFileSync(file, 'begin\n');
    },
    teardown: async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      process.getBuiltinModule('node:fs').appendFileSync(file, 'end\n');
    },
  };
}

function count(lines: readonly string[], what: string): number {
  return lines.filter((line) => line === what).length;
}

describe.each(everyBackend)('a teardown: %s', (_backend, options) => {
  it('runs once in each worker when the pools are shut down', async () => {
    const { file, read } = notes();
    const settings = { ...options, ...noting(file) };
    expect(await map(range(6), (x) => x, settings)).toEqual(range(6));
    expect(await map(range(6), (x) => x, settings)).toEqual(range(6));
    expect(count(read(), 'end')).toBe(0);
    shutdownWorkers();
    const begun = count(read(), 'begin');
    expect(begun).toBeGreaterThan(0);
    await until(() => count(read(), 'end') >= count(read(), 'begin'), 'the teardowns');
    expect(count(read(), 'end')).toBe(count(read(), 'begin'));
    // The next job is set up anew.
    expect(await map(range(6), (x) => x, settings)).toEqual(range(6));
    expect(count(read(), 'begin')).toBeGreaterThan(begun);
    shutdownWorkers();
    await until(() => count(read(), 'end') === count(read(), 'begin'), 'the teardowns again');
  });

  it('runs at the end of the program, which waits for it', () => {
    const { file, read } = notes();
    const { stderr, code } = runProgram(`
      import fs from 'node:fs';
      const file = ${JSON.stringify(file)};
      const initializer = () => process.getBuiltinModule('node:fs').appendFileSync(file, 'begin\\n');
      const teardown = async () => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        process.getBuiltinModule('node:fs').appendFileSync(file, 'end\\n');
      };
      const options = { ...${JSON.stringify(options)}, initializer, teardown };
      await heddle.map([1, 2, 3], (x) => x, options);
      // Both are up, and have begun.
      while (fs.readFileSync(file, 'utf8').split('begin').length - 1 < options.jobs) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    `);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(count(read(), 'begin')).toBe(options.jobs);
    expect(count(read(), 'end')).toBe(options.jobs);
  });

  it('that fails is logged, and the worker ends all the same', () => {
    const { stdout, stderr, code } = runProgram(`
      const teardown = () => { throw new RangeError('the teardown of a test'); };
      const options = { ...${JSON.stringify(options)}, teardown };
      console.log((await heddle.map([1, 2], (x) => x, options)).join());
    `);
    expect(code).toBe(0);
    expect(stdout).toBe('1,2\n');
    expect(stderr).toMatch(/The teardown failed.*RangeError: the teardown of a test/s);
  });
});

describe.each(workerBackends)('a teardown of workers: %s', (backend, options) => {
  it('runs before a worker is replaced, and when it has been idle', async () => {
    const { file, read } = notes();
    const settings = { ...options, ...noting(file), idleTimeout: 50 };
    await map(range(20), (x) => x, { ...settings, maxTasksPerWorker: 5 });
    await until(() => count(read(), 'begin') >= 4, 'four workers');
    await until(() => count(read(), 'end') === count(read(), 'begin'), 'their teardowns');
  });

  it('is not waited for in a worker that is killed', async () => {
    const { file, read } = notes();
    const settings = { ...options, ...noting(file) };
    await map(range(4), (x) => x, settings);
    shutdownWorkers({ kill: true });
    await sleep(200);
    expect(count(read(), 'end')).toBe(0);
  });

  it('that does not end is ended, and said so', { timeout: 60_000 }, () => {
    const endless =
      backend === 'threads'
        ? 'for (;;);'
        : 'return new Promise((_) => setInterval(() => {}, 1000));';
    const { stdout, stderr, code } = runProgram(`
      const teardown = () => { ${endless} };
      const options = { ...${JSON.stringify(options)}, teardown, jobs: 2 };
      console.log((await heddle.map([1], (x) => x, options)).join());
    `);
    expect(code).toBe(0);
    expect(stdout).toBe('1\n');
    expect(stderr).toMatch(/teardown took longer than 10 s/);
  });
});

describe.each(workerBackends)('minWorkers: %s', (_backend, options) => {
  it('start with the first tasks, and stay', async () => {
    const alive = new Set<number>();
    let most = 0;
    const started = (event: unknown): void => {
      alive.add((event as { worker: number }).worker);
      most = Math.max(most, alive.size);
    };
    const ended = (event: unknown): void => {
      alive.delete((event as { worker: number }).worker);
    };
    channel('heddle:worker:started').subscribe(started);
    channel('heddle:worker:ended').subscribe(ended);
    onTestFinished(() => {
      channel('heddle:worker:started').unsubscribe(started);
      channel('heddle:worker:ended').unsubscribe(ended);
    });
    const initializer = () => 'workers of their own';
    const settings = { ...options, initializer, jobs: 3, idleTimeout: 100 };
    await map([1], (x) => x, { ...settings, minWorkers: 2 });
    expect(alive.size).toBe(2);
    await map(range(9), (x) => x, { ...settings, minWorkers: 2 });
    expect(most).toBe(3);
    await until(() => alive.size === 2, 'the end of the third');
    await sleep(400);
    expect(alive.size).toBe(2);
    // No more than there may be workers; and none where nobody asks for them any more.
    most = 0;
    await map([1], (x) => x, { ...settings, minWorkers: 50 });
    expect(most).toBe(3);
    await map([1], (x) => x, settings);
    await until(() => alive.size === 0, 'the end of all');
  });

  it('keep no program', () => {
    const { code, stdout } = runProgram(`
      const options = { ...${JSON.stringify(options)}, minWorkers: 2, idleTimeout: Infinity };
      console.log((await heddle.map([1, 2], (x) => x, options)).join());
    `);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1,2\n' });
  });
});
