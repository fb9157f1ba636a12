/** Decisions of the scheduler, as tables: they take what is known, and change nothing. */
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { isGone } from '../../src/memory/index.ts';
import { ClaimTable } from '../../src/protocol/claims.ts';
import { systemClock } from '../../src/scheduler/clock.ts';
import { Deadlines, timeLeft } from '../../src/scheduler/deadlines.ts';
import { decide, type RunEvent, type RunState } from '../../src/scheduler/decide.ts';
import { decideReached, describeLoss, howEnded, running } from '../../src/scheduler/exits.ts';
import { LossTally } from '../../src/scheduler/losses.ts';
import type { Batch, ExitReason, PooledWorker } from '../../src/scheduler/seams.ts';
import { taskSource } from '../../src/scheduler/source.ts';
import { decideSteal } from '../../src/scheduler/stealing.ts';
import { TaskQueue } from '../../src/scheduler/task-queue.ts';
import { SimulatedClock } from '../helpers/simulated.ts';

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
  /** Tasks that the worker may run at a time, and batches beside it that have one running for 60 ms. */
  readonly concurrency?: number;
  readonly beside?: number;
}

const NOW = 1000;

function batchOf(situation: Situation): Batch {
  const { state = 'ready', count, claimed = 0, runs, behind = false, claims = true } = situation;
  const { concurrency = 1, beside = 0 } = situation;
  const table = new ClaimTable(9);
  table.open(0, count);
  for (let i = 0; i < claimed; i++) table.claim(0);
  if (runs !== undefined) table.begin(behind ? 1 : 0, Math.max(claimed - 1, 0), NOW - runs);
  const others = Array.from({ length: behind ? 1 : beside }, (_, i) => {
    if (!behind) table.begin(i + 1, 0, NOW - 60);
    return { id: i + 2, slot: i + 1, count: 1, settled: 0 } as unknown as Batch;
  });
  const worker = {
    state,
    clockOffset: 0,
    exitReason: null,
    version: state === 'starting' ? null : '1',
    tasks: count,
    load: 1,
    concurrency,
    slots: others,
    port: { claims: claims ? table : null },
  } as unknown as PooledWorker;
  const args = Array.from({ length: count }, (_, i) => i);
  const batch = { id: 1, slot: 0, first: 0, args, count, settled: 0, worker, sent: 0 };
  others.unshift({ ...batch, begun: NOW } as unknown as Batch);
  return others[0]!;
}

const idle = { state: 'ready', load: 0, concurrency: 1 } as unknown as PooledWorker;

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
    ['one that may begin beside another', [{ count: 1, beside: 1, concurrency: 2 }], 10, 'later'],
    ['all behind two others', [{ count: 6, beside: 2, concurrency: 2 }], 1, 6],
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
    const { port, version, concurrency } = batch.worker;
    const ended = { port, version, concurrency, slots: [null, batch] };
    const [reached] = decideReached(ended, crash, false);
    expect(reached).toEqual({ batch, reached: expected });
    const [ours] = decideReached({ ...ended, slots: [batch] }, crash, true);
    expect(ours!.reached.beforeFirstTask).toBe(false);
  });

  it('is what the backend says where there are no claims', () => {
    const batch = batchOf({ count: 4, claims: false });
    const next = { ...batch, id: 2 };
    const { port, version } = batch.worker;
    const ended = { port, version, concurrency: 1, slots: [next, batch] };
    const two = decideReached({ ...ended, concurrency: 2 }, crash, false);
    expect(two.map((one) => one.reached.claimed)).toEqual([4, 4]);
    expect(decideReached(ended, crash, false).map((one) => one.reached)).toEqual([
      { claimed: 4, position: null },
      { claimed: 0, position: null },
    ]);
    const known = { claimed: 2, position: 1 };
    expect(decideReached(ended, { ...crash, reached: known }, false)[0]!.reached).toBe(known);
  });

  it('is a task of each batch where several ran', () => {
    const batch = batchOf({ count: 4, claimed: 2, runs: 1, beside: 2, concurrency: 3 });
    const { port, version, concurrency, slots } = batch.worker;
    const ends = decideReached({ port, version, concurrency, slots }, crash, false);
    expect(ends.map(({ reached }) => reached.position)).toEqual([1, 0, 0]);
    expect(running(ends).map((one) => [one.batch.id, one.position])).toEqual([
      [1, 1],
      [2, 0],
      [3, 0],
    ]);
    expect(ends.some(({ reached }) => reached.beforeFirstTask)).toBe(false);
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

  it('end the worker that ran too long, and no other', () => {
    const late = batchOf({ count: 3, claimed: 1, runs: 140 });
    const early = batchOf({ count: 3, claimed: 2, runs: 30 });
    expect(decided({ type: 'time', now: NOW }, { batches: [late, early], timeout: 100 })).toEqual([
      { do: 'expire', worker: late.worker, tasks: [{ batch: late, position: 0 }] },
      { do: 'look-in', ms: 70 },
    ]);
    const other = { ...late, id: 2 };
    const [both] = decided({ type: 'time', now: NOW }, { batches: [late, other], timeout: 100 });
    expect(both).toMatchObject({ worker: late.worker, tasks: [{ batch: late }, { batch: other }] });
  });

  it('count from the latest result where a worker has no claims, and not behind others', () => {
    const batch = batchOf({ count: 3, claims: false });
    const begun = NOW - 30;
    expect(timeLeft({ ...batch, settled: 1, begun }, 100, NOW)).toEqual({ position: 1, left: 70 });
    expect(timeLeft({ ...batch, begun: Number.POSITIVE_INFINITY }, 100, NOW)).toBeNull();
  });

  it('are looked at by whatever clock there is', () => {
    const clock = new SimulatedClock();
    const looks: number[] = [];
    const deadlines = new Deadlines(
      100,
      () => {
        looks.push(clock.now() - NOW);
        return looks.length < 2 ? 40 : null;
      },
      clock,
    );
    deadlines.watch();
    deadlines.watch();
    clock.advance(1000);
    expect(looks).toEqual([100, 140]);
    deadlines.watch();
    deadlines.end();
    clock.advance(1000);
    expect(looks).toEqual([100, 140]);
    expect(systemClock.now()).toBeGreaterThan(0);
  });
});

/** What is decided about a run. */
function decided(
  event: RunEvent,
  state: Partial<Omit<RunState, 'batches'>> & { readonly batches?: readonly Batch[] } = {},
): object[] {
  const { batches = [], ...rest } = state;
  return decide(
    {
      batches: new Set(batches),
      engaged: new Set<PooledWorker>(),
      jobs: 2,
      ended: false,
      cost: 1,
      onError: 'finish',
      position: null,
      end: Number.POSITIVE_INFINITY,
      counts: new LossTally(),
      retries: 0,
      timeout: null,
      ...rest,
    },
    event,
  );
}

describe('a run', () => {
  it.each<[string, Partial<RunState>, number, string[]]>([
    ['no order', { position: null }, 5, ['fail-run']],
    ['the next one', { position: 5 }, 5, ['fail-run']],
    ['kill', { position: 0, onError: 'kill' }, 5, ['fail-run']],
    ['a later one', { position: 0 }, 5, ['end-at', 'take-back']],
    ['behind an earlier error', { position: 0, end: 3 }, 5, []],
  ])('has a task that failed: %s', (_what, state, index, expected) => {
    const batch = { ...batchOf({ count: 9 }), first: 0 };
    const actions = decided({ type: 'failed', index }, { ...state, batches: [batch] } as never);
    expect(actions.map((one) => (one as { do: string }).do)).toEqual(expected);
    if (expected.length === 2) expect(actions[1]).toMatchObject({ count: 4 });
  });

  it('gives its workers time to notice an abort, and kills those that are busy then', () => {
    const batch = batchOf({ count: 3, claimed: 1, runs: 5 });
    const coming = { ...batchOf({ count: 3, state: 'starting' }), count: 0 };
    const { worker } = batch;
    expect(decided({ type: 'abort' })).toEqual([]);
    const batches = [batch, coming];
    expect(decided({ type: 'abort' }, { batches })).toEqual([
      { do: 'tell-abort', worker },
      { do: 'tell-abort', worker: coming.worker },
      { do: 'grant-grace' },
    ]);
    const over = { type: 'grace-over', why: 'a test', again: true } as const;
    const kill = { do: 'kill', worker, why: 'a test' };
    expect(decided(over, { batches })).toEqual([kill, { do: 'grant-grace' }]);
    expect(decided({ ...over, again: false }, { batches })).toEqual([kill]);
  });

  it('lets an idle worker take half, unless it has ended or all its workers are others', () => {
    const batch = batchOf({ count: 9, claimed: 1, runs: 50 });
    const event = { type: 'idle', worker: idle, now: NOW } as const;
    const batches = [batch];
    expect(decided(event, { batches })).toEqual([{ do: 'take-back', batch, count: 4 }]);
    expect(decided(event, { batches, ended: true })).toEqual([]);
    expect(decided(event, { batches, jobs: 1, engaged: new Set([batch.worker]) })).toEqual([]);
    const young = batchOf({ count: 4, claimed: 1, runs: 0 });
    expect(decided(event, { batches: [young], cost: 0.001 })).toEqual([{ do: 'look-again' }]);
  });
});

describe('tasks whose worker has ended', () => {
  const loss = { exitCode: 1, signal: null };
  const batch = (reason: ExitReason | null, tasks = 4): Batch => {
    const made = batchOf({ count: 4, claimed: 2, runs: 1 });
    const worker = { ...made.worker, exitReason: reason, tasks };
    const one = { ...made, settled: 1, worker };
    if (reason?.kind === 'expired') {
      (worker as { exitReason: ExitReason }).exitReason = {
        ...reason,
        tasks: [{ batch: one, position: 1 }],
      };
    }
    return one;
  };
  const second = { claimed: 2, position: 1 };
  const again = (first: number, ...args: number[]) => ({ do: 'again', chunk: { first, args } });
  const count = (what: string, value: number) => ({ do: 'count', what, index: 1, value });

  it.each<[string, ExitReason | null, object, Partial<RunState>, object[]]>([
    ['a crash', null, loss, {}, [count('crashes', 1), { do: 'fail', because: 'crash', times: 1 }]],
    ['a crash that is retried', null, loss, { retries: 1 }, [count('crashes', 1), again(1, 1)]],
    ['our kill', { kind: 'killed', why: 'x' }, loss, {}, [count('crashes', 0), again(1, 1)]],
    [
      'a lost worker',
      null,
      { ...loss, lost: 'x' },
      {},
      [count('crashes', 0), count('losses', 1), again(1, 1)],
    ],
    [
      'a time-out',
      { kind: 'expired', tasks: [] },
      loss,
      { timeout: 5, retries: 9 },
      [{ do: 'fail', because: 'timeout' }],
    ],
    [
      'the time-out of another task',
      { kind: 'killed', why: 'a time-out' },
      { ...loss, beside: [] },
      { timeout: 5 },
      [count('crashes', 0), count('besides', 0), again(1, 1)],
    ],
    [
      'a crash beside other tasks',
      null,
      { ...loss, beside: [] },
      { retries: 1 },
      [
        count('crashes', 0),
        count('besides', 1),
        { do: 'again', chunk: { first: 1, args: [1], alone: true } },
      ],
    ],
    [
      'a crash beside other tasks that is not retried',
      null,
      { ...loss, beside: [] },
      {},
      [count('crashes', 0), count('besides', 1), { do: 'fail', because: 'crash', times: 1 }],
    ],
    [
      'a stray exception of somebody',
      null,
      { ...loss, stray: true },
      { retries: 1 },
      [count('bystanders', 1), count('crashes', 0), again(1, 1)],
    ],
  ])('%s', (_what, reason, how, state, expected) => {
    const lost = {
      type: 'lost',
      batch: batch(reason),
      reached: second,
      loss: how as never,
    } as const;
    const [rest, ...actions] = decided(lost, state as never);
    expect(rest).toEqual(again(2, 2, 3));
    expect(actions).toMatchObject(expected);
    expect(actions).toHaveLength(expected.length);
  });

  it('counts, and does not try for ever', () => {
    const counts = new LossTally();
    const one = { ...batch(null), count: 2 };
    const lost = { type: 'lost', batch: one, reached: second, loss } as const;
    const results = [1, 2].map(() => {
      const actions = decided(lost, { counts, retries: 9 });
      for (const action of actions) counts.note(action as never);
      return actions.map((action) => (action as { do: string }).do);
    });
    expect(results).toEqual([
      ['count', 'again'],
      ['count', 'fail'],
    ]);
    expect(counts.crashes.get(1)).toBe(2);
  });

  it('fails a task that was given something for good, whoever ended its worker', () => {
    const moved = (reason: ExitReason | null) => ({ ...batch(reason), count: 2, moved: true });
    const ends = [null, { kind: 'killed', why: 'x' }, { kind: 'silent', ms: 5 }] as const;
    for (const reason of ends) {
      for (const reached of [second, { claimed: 0, position: null, beforeFirstTask: true }]) {
        const lost = { type: 'lost', batch: moved(reason), reached, loss } as const;
        const actions = decided(lost, { retries: 9 });
        expect(actions).toMatchObject([{ do: 'fail', position: 1, because: 'crash', times: 1 }]);
      }
    }
    const late = moved(null);
    Object.assign(late.worker, {
      exitReason: { kind: 'expired', tasks: [{ batch: late, position: 1 }] },
    });
    const lost = { type: 'lost', batch: late, reached: second, loss } as const;
    expect(decided(lost, { retries: 9, timeout: 50 })).toMatchObject([
      { do: 'fail', position: 1, because: 'timeout' },
    ]);
  });

  it('halves a batch that no worker survives, and gives up after a dozen', () => {
    const whole = { ...batchOf({ count: 4 }) };
    const reached = { claimed: 0, position: null, beforeFirstTask: true };
    const lost = { type: 'lost', batch: whole, reached, loss } as const;
    const counts = new LossTally();
    expect(decided(lost, { counts })).toEqual([
      { do: 'count-openings', value: 1 },
      again(2, 2, 3),
      again(0, 0, 1),
    ]);
    counts.openings = 11;
    expect(decided(lost, { counts })).toMatchObject([
      { value: 12 },
      { do: 'give-up', position: 0 },
    ]);
  });

  it('sends results again that went with their worker, but not for ever', () => {
    const killed = batch({ kind: 'killed', why: 'x' });
    const event = { type: 'unopened', batch: killed, offset: 1, count: 1 } as const;
    expect(decided(event)).toEqual([count('losses', 1), { ...again(1, 1), retried: true }]);
    const counts = new LossTally();
    counts.losses.set(1, 7);
    expect(decided(event, { counts })).toMatchObject([{ value: 8 }, { because: 'unopened' }]);
    expect(decided({ ...event, batch: batch(null) })).toMatchObject([{}, { do: 'fail', times: 1 }]);
  });

  it('finds the argument that can not be read by halves', () => {
    const whole = batchOf({ count: 3 });
    expect(decided({ type: 'unreadable', batch: whole, count: 3 })).toEqual([
      again(1, 1, 2),
      again(0, 0),
    ]);
    expect(decided({ type: 'unreadable', batch: whole, count: 1 })).toEqual([again(0, 0)]);
    const single = batchOf({ count: 1 });
    const blame = { do: 'blame', batch: single };
    expect(decided({ type: 'unreadable', batch: single, count: 1 })).toEqual([blame]);
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
