/**
 * The lives of workers: how they end, and what they leave.
 */
import { execFileSync } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import fs from 'node:fs';
import os from 'node:os';
import { map, shutdownWorkers } from 'heddle';
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { builtUrl } from '../helpers/built.ts';
import {
  fastest,
  isAlive,
  range,
  runProgram,
  startProgram,
  until,
  workerBackends,
} from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** Reads what a started program prints until a line matches. */
function line(program: ReturnType<typeof startProgram>, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let output = '';
    program.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const match = pattern.exec(output);
      if (match) resolve(match);
    });
    let errors = '';
    program.stderr!.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    program.on('exit', (code, signal) =>
      reject(new Error(`ended (${code ?? signal}) after: ${output}${errors}`)),
    );
  });
}

/** Files of Heddle where temporary and shared ones are. */
function files(): string[] {
  const folders = ['/dev/shm', os.tmpdir()];
  return folders.flatMap((folder) =>
    fs.readdirSync(folder).flatMap((name) => (/^heddle(?!-test)/.test(name) ? [name] : [])),
  );
}

/** Whether a process has shared memory of Heddle open or mapped. */
function holdsSegment(pid: number): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/maps`, 'utf8').includes('/memfd:heddle:');
  } catch {
    return false;
  }
}

const busy = `
  const model = new Float64Array(500_000).fill(1);
  const loops = heddle.invoker(model, (m) => { for (;;) m[0]; }, { jobs: 2, backend: 'processes' });
  const running = loops.map([1, 2]).toArray();
  const pids = await new Promise((resolve) => {
    // The workers' children, and so their numbers, are this process's own.
    const timer = setInterval(async () => {
      const { readFileSync } = await import('node:fs');
      const children = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8');
      const found = children.trim().split(' ').filter(Boolean).map(Number);
      if (found.length === 2) { clearInterval(timer); resolve(found); }
    }, 20);
  });
  console.log('workers ' + pids.join(' ') + ' end');
`;

describe('the end of the main program', () => {
  const ends: readonly (readonly [string, NodeJS.Signals])[] = [
    ['killed with SIGKILL', 'SIGKILL'],
    ['ended with SIGTERM', 'SIGTERM'],
    ['interrupted as by Ctrl-C', 'SIGINT'],
    ['aborted', 'SIGABRT'],
    ['crashed as by a wild pointer', 'SIGSEGV'],
  ];

  it.each(ends)('%s leaves no worker, even in a loop', async (_name, signal) => {
    const took = await fastest(1000, async () => {
      const before = new Set(files());
      const program = startProgram(busy);
      // Its loops must not go on where an expectation fails.
      onTestFinished(() => void program.kill('SIGKILL'));
      let errors = '';
      program.stderr!.on('data', (text) => {
        errors += String(text);
      });
      const match = await line(program, /workers (\d+) (\d+) end/);
      const pids = [Number(match[1]), Number(match[2])];
      // Both have the model, and are about to begin their loops.
      await until(() => pids.every(holdsSegment), 'the start of the tasks', 20_000);
      expect(pids.every(isAlive)).toBe(true);
      program.kill(signal);
      const killed = performance.now();
      await until(() => !pids.some(isAlive) && !isAlive(program.pid!), 'the end of the workers');
      const seconds = performance.now() - killed;
      expect(errors).toBe('');
      // The memory goes with the last process that has it; none of them is there any more.
      expect([program.pid!, ...pids].some(holdsSegment)).toBe(false);
      expect(files().filter((name) => !before.has(name))).toEqual([]);
      return seconds;
    });
    expect(took).toBeLessThanOrEqual(1000);
  });

  it('ends children of tasks with their worker', async () => {
    const program = startProgram(`
      const running = heddle.map([1, 2], async () => {
        const { spawn } = await import('node:child_process');
        const child = spawn('sleep', ['600'], { stdio: 'ignore' });
        console.log('child ' + child.pid + ' end');
        for (;;);
      }, { jobs: 2, backend: 'processes' });
      await running;
    `);
    const match = await line(program, /child (\d+) end[\s\S]*child (\d+) end/).catch(() => null);
    const pids = match ? [Number(match[1]), Number(match[2])] : [];
    program.kill('SIGKILL');
    expect(pids).toHaveLength(2);
    await until(() => !pids.some(isAlive), 'the end of the children');
  });

  it('ends the processes of a thread that is terminated', async () => {
    const program = startProgram(`
      const { Worker } = await import('node:worker_threads');
      const thread = new Worker(\`
        import { parentPort, workerData } from 'node:worker_threads';
        const { map } = await import(workerData);
        const pids = await map([1, 2], () => process.pid, { jobs: 2, backend: 'processes' });
        parentPort.postMessage(pids);
        setInterval(() => {}, 1000);
      \`, { eval: true, workerData: heddleUrl });
      const pids = await new Promise((resolve) => thread.once('message', resolve));
      await thread.terminate();
      console.log('pids ' + pids.join() + ' end');
      setInterval(() => {}, 1000);
    `);
    const match = await line(program, /pids (\S+) end/);
    const pids = match[1]!.split(',').map(Number);
    try {
      await until(() => !pids.some(isAlive), 'the end of the workers');
      expect(isAlive(program.pid!)).toBe(true);
    } finally {
      program.kill('SIGKILL');
    }
  });

  it.each(workerBackends)('comes at once beside an idle pool (%s)', (backend) => {
    const { stdout, code } = runProgram(`
      const options = { jobs: 2, backend: '${backend}' };
      console.log((await heddle.map([1, 2, 3], (x) => x, options)).join());
      console.log('last ' + Date.now());
      process.on('exit', () => console.log('exit ' + Date.now()));
    `);
    expect(code).toBe(0);
    expect(stdout).toContain('1,2,3');
    const last = Number(/last (\d+)/.exec(stdout)![1]);
    const exit = Number(/exit (\d+)/.exec(stdout)![1]);
    expect(exit - last).toBeLessThan(1000);
  });

  it.each(workerBackends)('comes with process.exit beside a running job (%s)', (backend) => {
    const { stdout, stderr, code } = runProgram(`
      const options = { jobs: 2, backend: '${backend}' };
      await heddle.map([1, 2], (x) => x, options);
      heddle.map([1, 2], () => { throw new Error('nobody sees this'); }, options).catch(() => {});
      heddle.map([1, 2], () => { for (;;); }, options);
      setTimeout(() => process.exit(5), 100);
    `);
    expect(code).toBe(5);
    expect(stdout + stderr).toBe('');
  });

  it.each(workerBackends)('waits for a job that is running (%s)', (backend) => {
    const { stdout, code } = runProgram(`
      const nap = (x) => new Promise((resolve) => setTimeout(resolve, 300, x));
      heddle.map([1, 2], nap, { jobs: 2, backend: '${backend}' }).then((r) => console.log(r.join()));
    `);
    expect(code).toBe(0);
    expect(stdout).toBe('1,2\n');
  });
});

describe('a terminal', () => {
  it('shows no stack after Ctrl-C', async () => {
    const { programArguments } = await import('./support.ts');
    const program = programArguments(`
      const { channel } = await import('node:diagnostics_channel');
      let started = 0;
      channel('heddle:worker:started').subscribe(() => {
        if (++started === 2) setTimeout(() => process.kill(process.pid, 'SIGINT'), 50);
      });
      await heddle.map([1, 2], () => { for (;;); }, { jobs: 2, backend: 'processes' });
    `);
    // The shell's group gets the signal as a terminal would send it.
    let output = '';
    try {
      execFileSync(process.execPath, program, { encoding: 'utf8', stdio: 'pipe', timeout: 20_000 });
    } catch (error) {
      const failed = error as { stdout: string; stderr: string; signal: string };
      output = failed.stdout + failed.stderr;
      expect(failed.signal).toBe('SIGINT');
    }
    expect(output).toBe('');
  });
});

describe.each(workerBackends)('workers: %s', (backend, options) => {
  afterEach(() => shutdownWorkers({ kill: true }));

  const who = (settings: object = {}) =>
    map(range(8), (_x, ctx) => `${ctx.worker.id}:${ctx.worker.pid}`, {
      ...options,
      batchSize: 1,
      ...settings,
    });

  it('are replaced after so many tasks', async () => {
    const ids = await map(range(40), (_x, ctx) => ctx.worker.id, {
      ...options,
      maxTasksPerWorker: 5,
    });
    expect(ids).toHaveLength(40);
    for (const id of new Set(ids)) expect(ids.filter((one) => one === id).length).toBeLessThan(6);
    expect(new Set(ids).size).toBeGreaterThanOrEqual(8);
  });

  it('are replaced when they have grown, and no result is lost', async () => {
    const grow = (x: number, ctx: { worker: { id: number } }) => {
      const holder = globalThis as { kept?: unknown[] };
      holder.kept ??= [];
      holder.kept.push(new Array(4_000_000).fill(x + 0.5));
      return [x, ctx.worker.id] as const;
    };
    const limit = backend === 'processes' ? 250e6 : 90e6;
    const results = await map(range(12), grow, {
      ...options,
      batchSize: 1,
      maxWorkerMemory: limit,
    });
    expect(results.map(([x]) => x)).toEqual(range(12));
    expect(new Set(results.map(([, id]) => id)).size).toBeGreaterThanOrEqual(3);
  });

  it('end when they have been idle', async () => {
    const ended = new Set<string>();
    const note = (event: unknown): void => {
      const { worker, pid } = event as { worker: number; pid: number };
      ended.add(`${worker}:${pid}`);
    };
    channel('heddle:worker:ended').subscribe(note);
    onTestFinished(() => void channel('heddle:worker:ended').unsubscribe(note));
    const first = new Set(await who({ idleTimeout: 200 }));
    await until(() => [...first].every((one) => ended.has(one)), 'the end of idle workers');
    const pids = [...first].map((text) => Number(text.split(':')[1]));
    if (backend === 'processes') expect(pids.some(isAlive)).toBe(false);
    const second = await who({ idleTimeout: 60_000 });
    for (const one of second) expect(first.has(one)).toBe(false);
  });

  it('say what goes to the console, whole and in order', () => {
    const { stdout, stderr } = runProgram(`
      await heddle.map([0, 1, 2, 3], (x) => {
        for (let i = 0; i < 50; i++) console.log('task ' + x + ' line ' + i + ' ' + 'x'.repeat(200));
        console.error('problem', { x });
        console.warn('two\\nlines');
      }, { jobs: 2, backend: '${backend}' });
    `);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(200);
    const shape = /^\[worker \d+ info\] task (\d) line (\d+) x{200}$/;
    const seen = new Map<string, number>();
    for (const text of lines) {
      const match = shape.exec(text);
      expect(match, text).not.toBeNull();
      const [, task, number] = match!;
      expect(Number(number)).toBe(seen.get(task!) ?? 0);
      seen.set(task!, Number(number) + 1);
    }
    expect(stderr).toMatch(/^\[worker \d+ error\] problem \{ x: \d \}$/m);
    expect(stderr).toMatch(/^\[worker \d+ warn\] two\n\[worker \d+ warn\] lines$/m);
  });

  it('log through the logger of the main program', () => {
    const { stdout } = runProgram(`
      const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
      const note = (level) => (fields, text) => console.log(JSON.stringify({ level, ...fields, text }));
      heddle.setLogger(Object.fromEntries(levels.map((level) => [level, note(level)])));
      await heddle.map(['${builtUrl}'], async (url) => {
        const { getLogger } = await import(url);
        getLogger().warn({ user: 3, err: new RangeError('inner') }, 'careful');
        console.log('plain');
      }, { jobs: 2, backend: '${backend}' });
    `);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    const careful = lines.find((entry) => entry.text === 'careful')!;
    expect(careful).toMatchObject({ level: 'warn', user: 3, err: { type: 'RangeError' } });
    expect((careful.err as { stack: string }).stack).toContain('RangeError: inner\n    at');
    expect(careful.worker).toBeTypeOf('number');
    expect(lines.find((entry) => entry.text === 'plain')).toMatchObject({ level: 'info' });
  });

  it('run nested work one after another, and start no workers of their own', async () => {
    const inner = await map(
      [builtUrl, builtUrl],
      async (url) => {
        const heddle = (await import(url)) as typeof import('heddle');
        const results = await heddle.map([1, 2, 3], (x) => x * 2, { backend: 'processes' });
        const asked = heddle.describeParallel({ jobs: 4 });
        return [results, heddle.describeParallel().jobs, asked.jobs, asked.backend] as const;
      },
      options,
    );
    for (const one of inner) expect(one).toEqual([[2, 4, 6], 1, 1, 'sequential']);
  });

  it('end a recursion without a fork bomb', async () => {
    const depth = async ([url, left]: [string, number]): Promise<number> => {
      const heddle = (await import(url)) as typeof import('heddle');
      if (left === 0) return 0;
      const down = async ([u, l]: [string, number]): Promise<number> => {
        const inner = (await import(u)) as typeof import('heddle');
        return l + inner.describeParallel({ jobs: 2 }).jobs;
      };
      const results = await heddle.map([[url, left - 1]] as [string, number][], down, { jobs: 2 });
      return 1 + results[0]!;
    };
    const tasks: [string, number][] = [
      [builtUrl, 3],
      [builtUrl, 3],
    ];
    expect(await map(tasks, depth, options)).toEqual([4, 4]);
  });
});

describe('threads inside workers', () => {
  const names = [
    'OMP_NUM_THREADS',
    'OPENBLAS_NUM_THREADS',
    'MKL_NUM_THREADS',
    'UV_THREADPOOL_SIZE',
  ];
  const read = (settings: string) => {
    const { stdout } = runProgram(`
      const names = ${JSON.stringify(names)};
      const options = { jobs: 2, backend: 'processes', ${settings} };
      const seen = await heddle.map([names], (names) => names.map((n) => process.env[n]), options);
      console.log(JSON.stringify(seen[0]));
    `);
    return JSON.parse(stdout) as string[];
  };

  it('are the cores shared out by default', () => {
    const cores = Number(runProgram('console.log(heddle.cpuCount())').stdout);
    const share = String(Math.max(Math.min(Math.floor(cores / 2), 4), 1));
    expect(read('')).toEqual(names.map(() => share));
  });

  it('are what the call says', () => {
    expect(read('childThreads: 3')).toEqual(names.map(() => '3'));
  });

  it("are what the user's own variable says, where the call says nothing", () => {
    process.env.OMP_NUM_THREADS = '7';
    try {
      const found = read('');
      expect(found[0]).toBe('7');
      expect(read('childThreads: 3')).toEqual(names.map(() => '3'));
    } finally {
      delete process.env.OMP_NUM_THREADS;
    }
  });
});
