import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { MAIN, poolKinds, remedyOf, UNKNOWN, WORKERS } from '../../src/cli/watch/pools.ts';
import { type Observation, poolOf, type ThreadRecord } from '../../src/cli/watch/sampler.ts';
import { judge, summarize } from '../../src/cli/watch/verdict.ts';
import { libraryFile, probeFile } from '../threadpools/probe.ts';
import { heddle } from './run.ts';

// Whole processes are started, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const busy = path.join(import.meta.dirname, 'busy.cjs');
const command = (seconds: number, processes: number) => [
  process.execPath,
  busy,
  probeFile,
  String(seconds),
  String(processes),
  libraryFile('openblas-pthread'),
];
const pool = (report: { pools: { pool: string }[] }, name: string) =>
  report.pools.find((one) => one.pool === name) as
    | { threads: number; processes: number; running: number }
    | undefined;

describe('heddle doctor on real processes', () => {
  it('finds three processes with four BLAS threads each oversubscribed, and names the setting', () => {
    const { status, stdout, stderr } = heddle(['doctor', '--', ...command(3, 3)], {
      env: { OPENBLAS_NUM_THREADS: '4', HEDDLE_MAX_CPU_COUNT: '' },
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/done/);
    expect(stderr).toMatch(/^Oversubscribed: on average/m);
    expect(stderr).toMatch(/^OpenBLAS +\d+ +3 /m);
    expect(stderr).toMatch(/OPENBLAS_NUM_THREADS=1 before the start/);
    expect(stderr).toMatch(/Involuntary context switches: \d+ a second/);
  });

  it('finds one process with one thread in order', () => {
    const { stdout } = heddle(['doctor', '--json', '--', ...command(1, 1)], {
      env: { OPENBLAS_NUM_THREADS: '1' },
    });
    const report = JSON.parse(stdout.slice(stdout.indexOf('{')));
    expect(report).toMatchObject({ oversubscribed: false, throttled: false });
    expect(report.sentences[0]).toMatch(/^Not oversubscribed/);
    expect(pool(report, MAIN)).toMatchObject({ threads: 1, processes: 1 });
  });

  it('tells the threads of V8, libuv, workers and OpenMP apart, though all are called node', async () => {
    const code = `
      const probe = require(${JSON.stringify(probeFile)});
      const openmp = probe.load(${JSON.stringify(libraryFile('libgomp'))});
      probe.call(openmp, 'omp_set_num_threads', 3);
      probe.team(openmp);
      require('node:fs').stat('/', () => {});
      new (require('node:worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true });
      setInterval(() => {}, 1000);
      setTimeout(() => console.log('ready'), 200);`;
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const { stdout } = heddle(['doctor', '--json', '--pid', String(child.pid), '--seconds', '0.5']);
    child.kill();
    const report = JSON.parse(stdout);
    expect(report.oversubscribed).toBe(false);
    expect(pool(report, MAIN)?.threads).toBe(1);
    expect(pool(report, 'libgomp')?.threads).toBe(2);
    expect(pool(report, 'libuv')?.threads).toBe(4);
    expect(pool(report, WORKERS)?.threads).toBe(1);
    expect(pool(report, 'V8')?.threads).toBeGreaterThanOrEqual(2);
    expect(pool(report, UNKNOWN)).toBeUndefined();
  });

  it("passes on the program's exit status, and errors of its own", () => {
    expect(heddle(['doctor', '--', process.execPath, '-e', 'process.exit(7)']).status).toBe(7);
    const missing = heddle(['doctor', '--', 'no-such-program']);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/'no-such-program' could not be started/);
    expect(heddle(['doctor', '--pid', '4194000']).stderr).toMatch(/no process 4194000/);
    expect(heddle(['doctor']).stderr).toMatch(/either --pid/);
    expect(heddle(['doctor', '--pid', 'x']).stderr).toMatch(/whole number/);
  });
});

function thread(pool: string, running: number, pid = 1, involuntary = 0): ThreadRecord {
  return { pid, tid: Math.random(), pool, running, cpuSeconds: running / 50, involuntary };
}

function observation(running: number[], threads: ThreadRecord[]): Observation {
  return {
    seconds: running.length / 50,
    samples: running.length,
    running,
    threads,
    processes: new Set(threads.map((one) => one.pid)).size,
    forbidden: false,
  };
}

const always = (count: number) => Array.from({ length: 100 }, () => count);

describe('the verdict', () => {
  it('names the pools that are too many, and a number that fits', () => {
    const verdict = judge(
      observation(always(8), [
        ...[1, 2].map((pid) => thread(MAIN, 100, pid)),
        ...[1, 1, 1, 2, 2, 2].map((pid) => thread('OpenBLAS', 100, pid, 50)),
      ]),
      4,
      0,
    );
    expect(verdict).toMatchObject({ oversubscribed: true, running: 8, mostRunning: 8 });
    expect(verdict.involuntaryPerSecond).toBe(150);
    expect(verdict.sentences.join(' ')).toMatch(/8\.0 threads wanted to run on 4 cores/);
    expect(verdict.sentences.join(' ')).toMatch(/OPENBLAS_NUM_THREADS=2/);
  });

  it('tells too many processes, and too many workers', () => {
    const processes = [1, 2, 3, 4].map((pid) => thread(MAIN, 100, pid));
    expect(judge(observation(always(4), processes), 2, 0).sentences.join(' ')).toMatch(
      /at most 2 processes/,
    );
    const workers = [thread(MAIN, 100), ...[1, 1, 1, 1].map(() => thread(WORKERS, 100))];
    expect(judge(observation(always(5), workers), 2, 0).sentences.join(' ')).toMatch(
      /2 worker threads: jobs: 2/,
    );
  });

  it('does not mind full cores, a thread handing over, or idle pools', () => {
    const fine = [thread(MAIN, 100), thread('libgomp', 100)];
    expect(judge(observation(always(2), fine), 2, 0).oversubscribed).toBe(false);
    const handing = always(2).map((count, index) => (index % 5 === 0 ? count + 1 : count));
    expect(judge(observation(handing, fine), 2, 0).oversubscribed).toBe(false);
    const idle = observation(always(0), [thread('libuv', 0)]);
    expect(judge(idle, 2, 0).sentences[0]).toMatch(/no thread was seen running/);
  });

  it('tells of a quota that held it back, and of what it could not see', () => {
    const verdict = judge(
      { ...observation(always(1), [thread(MAIN, 100)]), forbidden: true },
      2,
      500,
    );
    expect(verdict.throttled).toBe(true);
    expect(verdict.sentences.join(' ')).toMatch(/quota held it back for 500 ms.*ptrace/s);
    expect(judge(observation(always(1), []), 2, 5).throttled).toBe(false);
  });

  it('adds up the threads of a pool', () => {
    const [first, second] = summarize(
      observation(always(2), [
        thread('libuv', 10, 1, 3),
        thread('libuv', 30, 2, 4),
        thread(MAIN, 90),
      ]),
    );
    expect(first).toMatchObject({ pool: MAIN, threads: 1 });
    expect(second).toMatchObject({ pool: 'libuv', threads: 2, processes: 2, involuntary: 7 });
    expect(second?.running).toBeCloseTo(0.4);
  });
});

describe('the names of pools', () => {
  const base = { pid: 1, tid: 2, name: 'node', mainName: 'node', origin: undefined, age: 100 };
  const begun = (file: string, fn?: string, waitsForEvents = false) =>
    poolOf({ ...base, origin: { file, function: fn, waitsForEvents } });

  it.each([
    ['libopenblasp-r0.3.21.so', 'OpenBLAS'],
    ['libopenblas-heddle.so', 'OpenBLAS'],
    ['libgomp.so.1.0.0', 'libgomp'],
    ['libiomp5.so', 'libomp'],
    ['libvips-cpp.so.42', 'vips'],
    ['nodejs-polars.linux-x64-gnu.node', 'polars'],
    ['libonnxruntime.so.1', 'onnxruntime'],
    ['libduckdb.so', 'DuckDB'],
    ['heddle.node', 'heddle'],
    ['some-addon.node', 'some-addon.node'],
  ])('%s is %s', (file, name) => expect(begun(file)).toBe(name));

  it('by the function in node, or by when and how where it has no symbols', () => {
    expect(begun('node', '_ZN4node12_GLOBAL__N_120PlatformWorkerThreadEPv')).toBe('V8');
    expect(begun('node', 'worker')).toBe('libuv');
    expect(begun('node')).toBe('libuv');
    expect(begun('node', undefined, true)).toBe(WORKERS);
    expect(poolOf({ ...base, age: 1, origin: { file: 'node', waitsForEvents: false } })).toBe('V8');
  });

  it('by their own name, and as not recognised', () => {
    expect(poolOf({ ...base, name: 'libuv-worker' })).toBe('libuv');
    expect(poolOf({ ...base, name: 'V8Worker' })).toBe('V8');
    expect(poolOf({ ...base, name: 'heddle-compute' })).toBe('heddle');
    expect(poolOf({ ...base, name: 'my-own-pool' })).toBe('my-own-pool');
    expect(poolOf(base)).toBe(UNKNOWN);
    expect(poolOf({ ...base, tid: 1 })).toBe(MAIN);
  });

  it('each have advice', () => {
    for (const { name } of poolKinds) expect(remedyOf(name, 2)).toMatch(/2/);
    expect(remedyOf('x.node', 2)).toMatch(/RAYON_NUM_THREADS=2/);
  });
});
