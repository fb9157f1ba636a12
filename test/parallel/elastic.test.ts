/**
 * The cores of workers that have nothing to do go to those that have: by what their executors say of
 * operations that ran wide, in worker processes and threads.
 */
import fs from 'node:fs';
import { coreBudget, coreUse, map, share, shutdownWorkers, withConfig } from 'heddle';
import { cholesky, executorStats } from 'heddle/linalg';
import { afterEach, describe, expect, it } from 'vitest';
import { isAlive, rejection, sleep, until } from './support.ts';

afterEach(() => shutdownWorkers({ kill: true }));

/** What the workers say: each in four places of its own, and in the last one the end for all. */
const WIDE = 0;
const NARROW = 1;
const PID = 2;
const PLACES = 4;
const END = 2 * PLACES;

interface Job {
  readonly board: Float64Array;
  readonly worker: number;
}

/** Operations that two cores pay for, one after another until the end; or nothing. */
async function compute({ board, worker }: Job): Promise<number> {
  if (worker < 0) return 0;
  const n = 500;
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 4;
  const before = executorStats();
  let done = 0;
  while (board[END] === 0) {
    await cholesky({ data, shape: [n, n] });
    const { wide, narrow } = executorStats();
    board[worker * PLACES + WIDE] = wide - before.wide;
    board[worker * PLACES + NARROW] = narrow - before.narrow;
    board[worker * PLACES + PID] = process.pid;
    done++;
  }
  return done;
}

const newBoard = (): Float64Array => share(new Float64Array(END + 1), { mode: 'readwrite' });
const read = (board: Float64Array, worker: number, place: number): number =>
  board[worker * PLACES + place]!;

const two = { backend: 'processes', jobs: coreBudget(), batchSize: 1 } as const;

/** As many workers as there are cores, of which the first computes and the others have nothing to do. */
function startFirst(board: Float64Array, options: object): Promise<number[]> {
  const rest = Array.from({ length: coreBudget() - 1 }, () => ({ board, worker: -1 }));
  return map([{ board, worker: 0 }, ...rest], compute, { ...two, ...options });
}

describe('worker processes', () => {
  it('1 have the cores of those with nothing to do, from their next operation on', async () => {
    const board = newBoard();
    const first = startFirst(board, {});
    await until(() => read(board, 0, WIDE) > 3, 'operations on more than a share');
    board[END] = 1;
    expect((await first)[0]).toBeGreaterThan(3);
  });

  it('2 leave them with the next one when there are tasks for these', async () => {
    const board = newBoard();
    const first = startFirst(board, {});
    await until(() => read(board, 0, WIDE) > 0, 'operations on more than a share');
    // For each of the others.
    const others = Array.from({ length: coreBudget() - 1 }, () => ({ board, worker: 1 }));
    const second = map(others, compute, two);
    await until(() => read(board, 1, NARROW) > 0, 'the others');
    const narrow = read(board, 0, NARROW);
    await until(() => read(board, 0, NARROW) > narrow, 'an operation beside them');
    const wide = read(board, 0, WIDE);
    await until(() => read(board, 0, NARROW) > narrow + 10, 'operations beside them');
    expect(read(board, 0, WIDE)).toBe(wide);
    expect(coreUse().filter(({ working }) => working)).toHaveLength(coreBudget());
    board[END] = 1;
    await Promise.all([first, second]);
    await until(() => coreUse().every(({ working }) => !working), 'the end of the work');
  });

  it('3 that die with more than their share hold nobody up', async () => {
    for (let round = 0; round < 4; round++) {
      const board = newBoard();
      const first = rejection(startFirst(board, {}));
      await until(() => read(board, 0, WIDE) > 0, 'operations on more than a share');
      const second = map([{ board, worker: 1 }], compute, two);
      process.kill(read(board, 0, PID), 'SIGKILL');
      expect(await first).toMatchObject({ code: 'ERR_HEDDLE_WORKER_CRASHED' });
      await until(() => read(board, 1, NARROW) + read(board, 1, WIDE) > 2, 'the other worker');
      board[END] = 1;
      await second;
      expect(isAlive(read(board, 0, PID))).toBe(false);
    }
  });

  const kept: readonly (readonly [string, object])[] = [
    ['elastic: false', { elastic: false }],
    ['childThreads: 1', { childThreads: 1 }],
    ["the user's OMP_NUM_THREADS", { env: { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' } }],
  ];
  it.each(kept)('4 keep to their share with %s', async (_, options) => {
    const board = newBoard();
    const first = startFirst(board, options);
    await until(() => read(board, 0, NARROW) > 40, 'operations', 30_000);
    board[END] = 1;
    await first;
    expect(read(board, 0, WIDE)).toBe(0);
  });

  it('5 keep to it in a scope that says so', async () => {
    const board = newBoard();
    const first = withConfig({ elastic: false }, () => startFirst(board, {}));
    await until(() => read(board, 0, NARROW) > 40, 'operations', 30_000);
    board[END] = 1;
    await first;
    expect(read(board, 0, WIDE)).toBe(0);
  });

  it('6 never have more than all cores together, whatever ends or dies', async () => {
    const cores = coreBudget();
    let most = 0;
    let exceeded = 0;
    let samples = 0;
    const inUse = (): number => coreUse().reduce((sum, one) => sum + one.inUse, 0);
    const board = newBoard();
    const end = Date.now() + 4000;
    let over = false;
    const sampler = (async () => {
      while (!over) {
        // Who wants more notes it first and takes it back if there is none: nobody has that for long.
        const sum = Math.min(inUse(), inUse(), inUse());
        most = Math.max(most, sum);
        if (sum > cores) exceeded++;
        samples++;
        await new Promise(setImmediate);
      }
    })();
    const outcomes = new Map<string, number>();
    const count = (name: string): void => void outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    for (let round = 0; Date.now() < end || outcomes.size < 3 || most < cores; round++) {
      const controller = new AbortController();
      const tasks = Array.from({ length: 1 + (round % (cores + 2)) }, () => ({ board, worker: 0 }));
      board[END] = 0;
      const job = map(tasks, compute, { ...two, signal: controller.signal }).then(
        () => count('done'),
        ({ name, code }) => count(code === 'ERR_HEDDLE_WORKER_CRASHED' ? 'died' : name),
      );
      await sleep(20 + ((round * 37) % 150));
      if (round % 4 === 1) controller.abort();
      if (round % 4 === 3 && isAlive(read(board, 0, PID))) {
        process.kill(read(board, 0, PID), 'SIGKILL');
      }
      board[END] = 1;
      await job;
    }
    over = true;
    await sampler;
    expect(exceeded).toBe(0);
    expect(most).toBe(cores);
    expect(samples).toBeGreaterThan(100);
    expect([...outcomes.keys()].sort()).toEqual(['AbortError', 'died', 'done']);
  });

  it('7 leave nothing open', async () => {
    await map([1, 2], (x) => x, two);
    await shutdownWorkers();
    await until(() => coreUse().length === 0, 'the end of the workers');
    const open = fs.readdirSync('/proc/self/fd').length;
    await map([1, 2], (x) => x, two);
    expect(coreUse().map(({ share: cores }) => cores)).toEqual(
      two.jobs === 2 ? [1, 1] : expect.any(Array),
    );
    await shutdownWorkers();
    await until(() => coreUse().length === 0, 'the end of the workers');
    expect(fs.readdirSync('/proc/self/fd').length).toBe(open);
  });
});

describe('worker threads', () => {
  const threads = { ...two, backend: 'threads' } as const;

  it('8 have what the others leave of their process', async () => {
    const board = newBoard();
    const first = startFirst(board, threads);
    await until(() => read(board, 0, WIDE) > 3, 'operations on more than a share');
    board[END] = 1;
    await first;
  });

  it('9 keep to their share with elastic: false', async () => {
    const board = newBoard();
    const first = startFirst(board, { ...threads, elastic: false });
    await until(() => read(board, 0, NARROW) > 40, 'operations', 30_000);
    board[END] = 1;
    await first;
    expect(read(board, 0, WIDE)).toBe(0);
  });
});

it('10 refuses what is neither', async () => {
  const error = await rejection(map([1], (x) => x, { elastic: 'no' as never }));
  expect(error).toBeInstanceOf(TypeError);
  expect(String(error)).toContain('elastic');
});
