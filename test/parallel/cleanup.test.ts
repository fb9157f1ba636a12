/**
 * What is left behind: by streams that are dropped, where memory is short, by children that raise
 * while their parent ends, and by the processes that tasks have started.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { imap, map, shutdownWorkers } from 'heddle';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { native } from '../../src/native.ts';
import { builtUrl } from '../helpers/built.ts';
import { collect } from '../helpers/collect.ts';
import {
  isAlive,
  programArguments,
  range,
  runProgram,
  startProgram,
  until,
  workerBackends,
} from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** Files of Heddle in the folder of shared memory. */
const files = () => fs.readdirSync('/dev/shm').filter((name) => name.includes('heddle'));

function readLink(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return ''; // closed meanwhile
  }
}

/** This process, and the workers of the streams that have been dropped. */
const pids = new Set([process.pid]);

describe.each(workerBackends)('a stream with large results that is dropped: %s', (_, options) => {
  it.each([true, false])('leaves nothing mapped (ordered: %s)', async (ordered) => {
    const length = 200_000;
    const make = (x: number) => new Float64Array(length).fill(x);
    // Of this process, and so of its threads.
    const mapped = () => native.memory.list().reduce((sum, { mappings }) => sum + mappings, 0);
    function* endless() {
      for (let i = 0; ; i++) yield i;
    }
    const take = async (count: number): Promise<void> => {
      for await (const array of imap(endless(), make, { ...options, ordered })) {
        expect(array[length - 1]).toBe(array[0]);
        if (--count === 0) return;
      }
    };
    for (let round = 0; round < 12; round++) await take(5);
    // What the consumer has taken goes when it is collected, but for what a dead frame may hold.
    await until(() => {
      collect();
      return mapped() <= 1;
    }, 'that nothing is mapped');
    for (const pid of await map(range(4), (_x, ctx) => ctx.worker.pid, options)) pids.add(pid);
  });
});

describe.each(workerBackends)('where no shared memory can be had: %s', (backend) => {
  it('arrays are copied, and what must be shared is a clear error', () => {
    const program = programArguments(`
      const options = { jobs: 2, backend: '${backend}' };
      const array = new Float64Array(500_000).fill(3);
      const got = [];
      got.push((await heddle.map([array, array], (a) => a[499_999], options)).join());
      got.push((await heddle.map([1, 2], (x) => array[x], options)).join());
      const scorer = heddle.invoker({ array }, (m, x) => m.array[x] * x, options);
      got.push((await scorer.map([1, 2]).toArray()).join());
      await scorer.shutdown();
      const made = await heddle.map([1, 2], (x) => new Float64Array(500_000).fill(x), options);
      got.push(made.map((a) => a[499_999] + a.length).join());
      for (const fail of [() => heddle.share(array), () => heddle.shared.zeros('float64', 500_000)]) {
        try {
          fail();
          got.push('shared');
        } catch (error) {
          got.push(error.code, error.message);
        }
      }
      console.log(JSON.stringify([got, heddle.sharedMemoryInfo().bytes]));
    `);
    // A limit on the size of files holds for shared memory, too; half a KiB is its unit.
    const script = `ulimit -f 2048; exec "$0" "$@"`;
    const { stdout, stderr, status } = spawnSync(
      '/bin/sh',
      ['-c', script, process.execPath, ...program],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [got, bytes] = JSON.parse(stdout) as [string[], number];
    expect(got.slice(0, 4)).toEqual(['3,3', '3,3', '3,6', '500001,500002']);
    const message = expect.stringMatching(/shared memory.*File too large|sizing .* File too large/);
    expect(got.slice(4)).toEqual([
      'ERR_HEDDLE_SHARED_MEMORY',
      message,
      'ERR_HEDDLE_SHARED_MEMORY',
      message,
    ]);
    expect(bytes).toBe(0);
  });
});

describe.each(workerBackends)('a child that raises while its parent ends: %s', (backend) => {
  const before = files();
  const setting = `
    const options = { jobs: 2, backend: '${backend}' };
    const model = new Float64Array(500_000).fill(1);
    const pids = new Set(await heddle.map([1, 2, 3, 4], (_x, ctx) => ctx.worker.pid, options));
    console.log([...pids].join());
  `;

  /** Whether none of the workers that a program has named is left. */
  const allGone = (stdout: string) => {
    const pids = stdout.trim().split(',').map(Number);
    expect(pids.length).toBeGreaterThan(0);
    return until(() => !pids.some(isAlive), 'the end of the workers');
  };

  it('leaves the error alone, and nothing else', async () => {
    const { stdout, stderr, code } = runProgram(`
      ${setting}
      const calls = heddle.invoker(model, (m, x) => {
        if (x === 3) throw new RangeError('seen once');
        return m.slice();
      }, options);
      await calls.map([1, 2, 3, 4, 5, 6]).toArray();
    `);
    expect(code).toBe(1);
    expect(stderr.match(/seen once/g)!.length).toBeLessThanOrEqual(4);
    expect(stderr).toContain('TaskError: Task 2 (3) failed: RangeError: seen once');
    expect(stderr).not.toMatch(/EPIPE|warning|worker \\d+/i);
    await allGone(stdout);
    expect(files()).toEqual(before);
  });

  it('prints nothing where the parent has not waited', async () => {
    const { stdout, stderr, code } = runProgram(`
      ${setting}
      // How many tasks have begun, and whether the end has come.
      const parent = process.pid;
      const signs = heddle.shared.zeros('int32', 2);
      const late = async (m, x) => {
        Atomics.add(signs, 0, 1);
        const over = () => Atomics.load(signs, 1) === 1;
        // A stray error, output and an error of the task come as the parent goes.
        if (x === 1) setInterval(() => { if (over()) throw new Error('stray'); }, 1);
        while (!over()) await new Promise((resolve) => setTimeout(resolve, 1));
        // Not on the event loop, which would see the end of the parent.
        if (x === 2 && options.backend === 'processes') while (process.ppid === parent);
        console.log('too late', m.length);
        throw new Error('of the task');
      };
      const calls = heddle.invoker(model, late, options);
      calls.map([1, 2]).toArray().catch(() => {});
      while (Atomics.load(signs, 0) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      Atomics.store(signs, 1, 1);
      process.exit(3);
    `);
    expect({ stderr, code }).toEqual({ stderr: '', code: 3 });
    await allGone(stdout);
    expect(files()).toEqual(before);
  });
});

describe('processes that tasks have started', () => {
  /** Two workers with a child each and, as far as they may, workers of their own with theirs. */
  const family = (end: string) => `
    const pids = [];
    const seen = (await import('node:diagnostics_channel')).channel('heddle:worker:started');
    seen.subscribe(({ pid }) => pids.push(pid));
    const work = async (x) => {
      const { spawn } = await import('node:child_process');
      const child = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const grandchild = await new Promise((resolve) => child.stdout.once('data', resolve));
      console.log('born ' + child.pid + ' ' + String(grandchild).trim());
      const own = await import(${JSON.stringify(builtUrl)});
      const deep = (_y, ctx) => { console.log('born ' + ctx.worker.pid); for (;;); };
      own.map([1, 2], deep, { jobs: 2, backend: 'processes' }).catch(() => {});
      await new Promise(() => {});
    };
    let births = 0;
    const options = { jobs: 2, backend: 'processes', childThreads: 2 };
    heddle.setLogger({
      trace() {}, debug() {}, warn() {}, error() {}, fatal() {},
      info: (_fields, text) => {
        console.log(text);
        if (text.startsWith('born') && ++births === 6) { console.log('workers ' + pids.join(' ')); ${end} }
      },
    });
    await heddle.map([1, 2], work, options).catch((error) => console.log('error ' + error.message));
    console.log('done');
  `;

  it.each([
    ['shutdownWorkers({ kill: true })', 'heddle.shutdownWorkers({ kill: true });'],
    ['a SIGKILL of the main program', 'process.kill(process.pid, "SIGKILL");'],
    ['process.exit', 'process.exit(0);'],
  ])('end with their workers: %s', async (_name, end) => {
    const program = startProgram(family(end));
    onTestFinished(() => void program.kill('SIGKILL'));
    let output = '';
    program.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    let errors = '';
    program.stderr!.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    await new Promise((resolve) => program.on('exit', resolve));
    const pids = output.match(/\b\d+\b/g)!.map(Number);
    // Two workers, four processes of theirs, and four workers of the workers.
    expect(new Set(pids).size, output + errors).toBe(10);
    await until(() => !pids.some(isAlive), 'the end of all');
    expect(errors).toBe('');
  });
});

it('memory of results that nobody has taken is given back', async () => {
  // Workers keep it for 5 to 10 seconds for the next results; the tests before have taken most of that.
  // A worker that is slow to notice the end of a job has been replaced by another.
  const alive = [...pids].filter(isAlive);
  expect(alive.length).toBeGreaterThanOrEqual(2);
  const kept = () => {
    const links = alive.flatMap((pid) =>
      fs.readdirSync(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`)),
    );
    return links.filter((link) => link.includes('/memfd:heddle:')).length;
  };
  await until(
    () => {
      collect();
      return kept() <= 2;
    },
    'that all is given back',
    20_000,
  );
});
