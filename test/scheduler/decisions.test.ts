/** Decisions of the scheduler, as tables: they take what is known, and change nothing. */
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ClaimTable } from '../../src/protocol/claims.ts';
import { type Clock, systemClock } from '../../src/scheduler/clock.ts';
import { Deadlines, timeLeft } from '../../src/scheduler/deadlines.ts';
import { decideReached, describeLoss, howEnded, isGone } from '../../src/scheduler/exits.ts';
import type { Batch, PooledWorker } from '../../src/scheduler/seams.ts';
import { taskSource } from '../../src/scheduler/source.ts';
import { decideSteal } from '../../src/scheduler/stealing.ts';
import { TaskQueue } from '../../src/scheduler/task-queue.ts';

interface Situation {
  readonly state?: PooledWorker['state'];
  /** Tasks of the batch, and how many of them the worker has claimed. */
  readonly count: number;
  readonly claimed?: number;
  /** How long the running task has run (ms); none runs where it is left out. */
  readonly runs?: number;
  /** The running task is one of another batch. */
  readonly behind?: boolean;
  readonly claims?: boolean;
}

const NOW = 1000;

function batchOf(situation: Situation): Batch {
  const { state = 'ready', count, claimed = 0, runs, behind = false, claims = true } = situation;
  const table = new ClaimTable();
  table.open(0, count);
  for (let i = 0; i < claimed; i++) table.claim(0);
  if (runs !== undefined) table.begin(behind ? 99 : 1, Math.max(claimed - 1, 0), NOW - runs);
  const worker = {
    state,
    clockOffset: 0,
    killed: null,
    up: state !== 'starting',
    expired: null,
    port: { claims: claims ? table : null },
  } as unknown as PooledWorker;
  return { id: 1, slot: 0, count, settled: 0, worker, sent: 0 } as unknown as Batch;
}

const idle = { state: 'ready', load: 0 } as unknown as PooledWorker;

describe('stealing', () => {
  it.each<[string, Situation[], number, number | 'later' | 'nothing']>([
    ['no batch', [], 1, 'nothing'],
    ['nothing unclaimed', [{ count: 2, claimed: 2, runs: 50 }], 1, 'nothing'],
    ['no claims', [{ count: 9, claims: false }], 1, 'nothing'],
    ['half of what is left', [{ count: 9, claimed: 1, runs: 50 }], 1, 4],
    ['the only one left', [{ count: 2, claimed: 1, runs: 50 }], 1, 1],
    ['all behind another batch', [{ count: 6, runs: 50, behind: true }], 1, 6],
    ['all of a worker that is not there', [{ count: 6, state: 'starting' }], Number.NaN, 6],
    ['fast tasks that have just begun', [{ count: 4, claimed: 1, runs: 0 }], 0.001, 'later'],
    ['slow tasks that have just begun', [{ count: 5, claimed: 1, runs: 0 }], 10, 2],
    ['one that is about to begin', [{ count: 1 }], 10, 'later'],
    [
      'the larger of two',
      [
        { count: 3, claimed: 1, runs: 9 },
        { count: 9, claimed: 1, runs: 9 },
      ],
      1,
      4,
    ],
  ])('%s', (_what, situations, cost, expected) => {
    const batches = situations.map(batchOf);
    const decision = decideSteal(batches, idle, cost, NOW);
    expect(typeof decision === 'string' ? decision : decision.count).toBe(expected);
    if (typeof decision !== 'string') expect(decision.victim).toBe(batches.at(-1));
  });
});

describe('what a worker had reached when it ended', () => {
  const crash = { reason: 'exit', code: 1 } as const;

  it.each<[string, Situation, object]>([
    ['no task', { count: 4 }, { claimed: 0, position: null, beforeFirstTask: true }],
    [
      'the second',
      { count: 4, claimed: 2, runs: 1 },
      { claimed: 2, position: 1, beforeFirstTask: false },
    ],
    [
      'a claimed one',
      { count: 4, claimed: 1 },
      { claimed: 1, position: null, beforeFirstTask: false },
    ],
  ])('%s', (_what, situation, expected) => {
    const batch = batchOf(situation);
    const { port, killed, up } = batch.worker;
    const [reached] = decideReached({ port, killed, up, slots: [null, batch] }, crash);
    expect(reached).toEqual({ batch, reached: expected });
    const [ours] = decideReached({ port, killed: 'a time-out', up, slots: [batch] }, crash);
    expect(ours!.reached.beforeFirstTask).toBe(false);
  });

  it('is what the backend says where there are no claims', () => {
    const batch = batchOf({ count: 4, claims: false });
    const next = { ...batch, id: 2 };
    const { port, killed, up } = batch.worker;
    const ended = { port, killed, up, slots: [next, batch] };
    expect(decideReached(ended, crash).map((one) => one.reached)).toEqual([
      { claimed: 4, position: null },
      { claimed: 0, position: null },
    ]);
    const known = { claimed: 2, position: 1 };
    expect(decideReached(ended, { ...crash, reached: known })[0]!.reached).toBe(known);
  });

  it('is told in words and for reports', () => {
    const error = new Error('x');
    expect(howEnded(crash)).toBe('exited with code 1');
    expect(howEnded({ reason: 'lost', why: 'no route' })).toBe('lost: no route');
    expect(describeLoss({ ...crash, error }, undefined, 'a hint')).toEqual({
      exitCode: 1,
      signal: null,
      cause: error,
      hint: 'a hint',
    });
    const signal = { reason: 'signal', signal: 'SIGKILL' } as const;
    expect(describeLoss(signal, 'said', undefined)).toEqual({
      exitCode: null,
      signal: 'SIGKILL',
      cause: 'said',
      stray: true,
    });
  });

  it('is gone with its memory, but not for want of descriptors here, nor where looking is forbidden', () => {
    const error = (errno: number) =>
      Object.assign(new Error('no'), { code: 'ERR_HEDDLE_SHARED_MEMORY', errno });
    expect([2, 3, constants.errno.ESTALE].map((errno) => isGone(error(errno)))).toEqual([
      true,
      true,
      true,
    ]);
    expect([12, 13, 22, 23, 24].filter((errno) => isGone(error(errno)))).toEqual([]);
    expect(isGone(new Error('another'))).toBe(false);
    expect(isGone(null)).toBe(false);
  });
});

describe('time-outs', () => {
  it('count from the start of the task', () => {
    expect(timeLeft(batchOf({ count: 3, claimed: 2, runs: 30 }), 100, NOW)).toEqual({
      position: 1,
      left: 70,
    });
    expect(timeLeft(batchOf({ count: 3 }), 100, NOW)).toBeNull();
    expect(timeLeft(batchOf({ count: 3, runs: 30, behind: true }), 100, NOW)).toBeNull();
  });

  it('end the worker, by whatever clock there is', () => {
    let now = NOW;
    const timers: { at: number; callback: () => void }[] = [];
    const clock: Clock = {
      now: () => now,
      after: (ms, callback) => {
        const timer = { at: now + ms, callback };
        timers.push(timer);
        return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
      },
    };
    const batch = batchOf({ count: 3, claimed: 1, runs: 40 });
    const kills: string[] = [];
    Object.assign(batch.worker, { kill: (why: string) => kills.push(why) });
    const deadlines = new Deadlines(100, new Set([batch]), clock);
    deadlines.watch();
    deadlines.watch();
    expect(timers).toHaveLength(1);
    const [first] = timers.splice(0);
    now = first!.at;
    first!.callback();
    expect(kills).toEqual(['a time-out']);
    expect(batch.worker.expired).toBe(0);
    deadlines.end();
    expect(timers).toEqual([]);
    expect(systemClock.now()).toBeGreaterThan(0);
  });
});

describe('the queue of tasks', () => {
  it('gives what was taken back first, in pieces, and cuts it where it is to end', () => {
    const queue = new TaskQueue(taskSource(['a', 'b', 'c', 'd', 'e']));
    expect(queue.next(2)).toEqual({ first: 0, args: ['a', 'b'] });
    queue.push({ first: 0, args: ['a', 'b'] });
    expect([queue.hasAgain, queue.count(9), queue.nextIndex]).toEqual([true, 5, 2]);
    expect(queue.next(1)).toEqual({ first: 0, args: ['a'] });
    expect(queue.pop()).toEqual({ first: 1, args: ['b'] });
    queue.push({ first: 0, args: ['a', 'b'] });
    queue.endAt(1);
    queue.push({ first: 3, args: ['d'] });
    expect(queue.next(9)).toEqual({ first: 0, args: ['a'] });
    expect([queue.next(9), queue.isDone, queue.isRead]).toEqual([null, true, true]);
  });
});
