/**
 * What is decided about a graph: what starts when, what is forgotten, what is given up.
 */
import { describe, expect, it } from 'vitest';
import { GraphState } from '../../src/graphs/state.ts';
import { fc } from '../helpers/seeds.ts';
import { planOf, randomNeeds } from './support.ts';

/** A state whose decisions are written down. */
function watched(needs: readonly (readonly number[])[], wanted?: readonly number[]) {
  const state = new GraphState(planOf(needs, wanted));
  const log: string[] = [];
  const drop = (task: number): void => {
    log.push(`drop ${task}`);
  };
  const cancel = (task: number): void => {
    log.push(`cancel ${task}`);
  };
  const start = (): number => {
    const task = state.start();
    if (task >= 0) state.taken(task, drop);
    return task;
  };
  return {
    state,
    log,
    start,
    done: (task: number) => state.done(task),
    failed: (task: number) => state.failed(task, cancel, drop),
    all: () => needs.map((_, task) => state.of(task)),
  };
}

// 0 → 1 → 3 → 4
//   ↘ 2 ↗
const DIAMOND = [[], [0], [0], [1, 2], [3]];

describe('a diamond', () => {
  it('starts nothing before what it needs is done, and drops what nobody needs any more', () => {
    const { state, start, done, log, all } = watched(DIAMOND);
    expect([state.left, state.ready]).toEqual([5, 1]);
    expect(start()).toBe(0);
    expect(start()).toBe(-1);
    expect(done(0)).toBe(true);
    expect(start()).toBe(1);
    expect(log).toEqual([]);
    expect(start()).toBe(2);
    // Both users have it.
    expect(log).toEqual(['drop 0']);
    done(2);
    expect(start()).toBe(-1);
    done(1);
    expect(start()).toBe(3);
    expect(log).toEqual(['drop 0', 'drop 1', 'drop 2']);
    done(3);
    expect(start()).toBe(4);
    expect(done(4)).toBe(true);
    expect([state.left, state.ready]).toEqual([0, 0]);
    expect(all()).toEqual(Array(5).fill('done'));
    expect(log.at(-1)).toBe('drop 3');
  });

  it('keeps what was asked for', () => {
    const { start, done, log } = watched(DIAMOND, [0, 3, 4]);
    for (let task = start(); task >= 0; task = start()) done(task);
    expect(log.sort()).toEqual(['drop 1', 'drop 2']);
  });

  it('gives up what needs a failed task, and what only that would have needed', () => {
    const { state, start, done, failed, log, all } = watched(DIAMOND);
    done(start());
    const one = start();
    expect(one).toBe(1);
    failed(one);
    // 2 is as good as before, but nobody needs it, and with it 0 is not needed any more.
    expect(all()).toEqual(['done', 'failed', 'cancelled', 'cancelled', 'cancelled']);
    expect(log).toEqual(['cancel 3', 'cancel 4', 'drop 0']);
    expect([state.left, state.ready, start()]).toEqual([0, 0, -1]);
  });

  it('lets what runs end, and forgets its result where nobody needs it', () => {
    const { start, done, failed, all } = watched(DIAMOND);
    done(start());
    start();
    start();
    failed(1);
    expect(all()).toEqual(['done', 'failed', 'started', 'cancelled', 'cancelled']);
    expect(done(2)).toBe(false);
  });

  it('runs what was asked for beside a failure', () => {
    const { start, done, failed, log, all } = watched(DIAMOND, [2, 4]);
    done(start());
    start();
    failed(1);
    expect(all()).toEqual(['done', 'failed', 'ready', 'cancelled', 'cancelled']);
    expect(start()).toBe(2);
    expect(done(2)).toBe(true);
    expect(log).toEqual(['cancel 3', 'cancel 4', 'drop 0']);
  });

  it('starts nothing when it is closed', () => {
    const { state, start, all } = watched(DIAMOND);
    start();
    state.close();
    expect([state.left, state.ready, start()]).toEqual([0, 0, -1]);
    expect(all()).toEqual(['started', 'cancelled', 'cancelled', 'cancelled', 'cancelled']);
  });

  it('refuses ends of what has not started, or has ended', () => {
    const { start, done, failed } = watched(DIAMOND);
    expect(() => done(1)).toThrow(/task 1 .*'waits'/);
    const first = start();
    done(first);
    expect(() => done(first)).toThrow(/'done'/);
    expect(() => failed(first)).toThrow(/'done'/);
  });
});

describe('what is ready', () => {
  it('starts with the critical path', () => {
    // Three short tasks, then a chain of four that were written later.
    const { start, done } = watched([[], [], [], [], [3], [4], [5]]);
    expect(start()).toBe(3);
    expect(start()).toBe(0);
    done(3);
    expect(start()).toBe(4);
    done(4);
    done(0);
    expect([start(), start(), start()]).toEqual([5, 1, 2]);
  });

  it('follows one branch to its end before the next, so that few results wait', () => {
    const leaves = 1024;
    const needs: number[][] = Array.from({ length: leaves }, () => []);
    let level = needs.map((_, task) => task);
    while (level.length > 1) {
      const next: number[] = [];
      for (let i = 0; i < level.length; i += 2) {
        next.push(needs.push([level[i]!, level[i + 1]!]) - 1);
      }
      level = next;
    }
    const state = new GraphState(planOf(needs));
    let kept = 0;
    let most = 0;
    const drop = (): void => {
      kept--;
    };
    // Two at a time, as two workers do.
    for (;;) {
      const tasks = [state.start(), state.start()].filter((task) => task >= 0);
      if (tasks.length === 0) break;
      for (const task of tasks) state.taken(task, drop);
      for (const task of tasks) if (state.done(task)) kept++;
      most = Math.max(most, kept);
    }
    expect(kept).toBe(1);
    // By breadth it would be 1024.
    expect(most).toBeLessThanOrEqual(2 * Math.log2(leaves) + 2);
  });
});

describe('any graph', () => {
  const plans = randomNeeds(30).chain((needs) =>
    fc.record({
      needs: fc.constant(needs),
      wanted: fc.uniqueArray(fc.nat(needs.length - 1), { minLength: 1 }),
      fails: fc.uniqueArray(fc.nat(needs.length - 1), { maxLength: 3 }),
      // What happens next: a start, or the end of one of those that run.
      steps: fc.infiniteStream(fc.nat(1 << 20)),
    }),
  );

  it('ends each task once, in order, and keeps what is needed for as long as it is', () => {
    fc.assert(
      fc.property(plans, ({ needs, wanted: asked, fails, steps }) => {
        const used = new Set(needs.flat());
        const ends = needs.map((_, task) => task).filter((task) => !used.has(task));
        const wanted = [...new Set([...asked, ...ends])];
        const state = new GraphState(planOf(needs, wanted));
        const running: number[] = [];
        const kept = new Set<number>();
        const told = new Set<number>();
        const ended = new Map<number, 'done' | 'failed'>();
        const drop = (task: number): void => {
          expect(kept.delete(task)).toBe(true);
        };
        for (const step of steps) {
          if (running.length === 0 && state.ready === 0) break;
          if (running.length < 3 && state.ready > 0 && step % 2 === 0) {
            const task = state.start();
            for (const need of needs[task]!) expect(kept.has(need)).toBe(true);
            expect(ended.has(task) || running.includes(task)).toBe(false);
            state.taken(task, drop);
            running.push(task);
          } else if (running.length > 0) {
            const [task] = running.splice((step >> 1) % running.length, 1) as [number];
            if (fails.includes(task)) {
              ended.set(task, 'failed');
              const cancel = (user: number): void => {
                expect(told.has(user)).toBe(false);
                told.add(user);
              };
              state.failed(task, cancel, drop);
            } else {
              ended.set(task, 'done');
              if (state.done(task)) kept.add(task);
            }
          }
        }
        expect(state.left).toBe(0);
        // What must have become of each task.
        const failed = (task: number): boolean =>
          ended.get(task) === 'failed' || needs[task]!.some(failed);
        for (let task = 0; task < needs.length; task++) {
          const lost = needs[task]!.some(failed);
          expect(told.has(task)).toBe(lost);
          if (lost) expect(state.of(task)).toBe('cancelled');
          else if (wanted.includes(task)) expect(state.of(task)).toBe(ended.get(task));
        }
        const results = wanted.filter((task) => ended.get(task) === 'done');
        expect([...kept].sort()).toEqual(results.sort());
      }),
      { numRuns: 500 },
    );
  });

  it('has ranks by which needs come first, the longest way before the others', () => {
    fc.assert(
      fc.property(randomNeeds(40), (needs) => {
        const { rank } = planOf(needs);
        expect([...rank].sort((a, b) => a - b)).toEqual(needs.map((_, task) => task));
        const depth: number[] = [];
        for (const [task, some] of needs.entries()) {
          depth.push(1 + Math.max(0, ...some.map((need) => depth[need]!)));
          for (const need of some) expect(rank[need]).toBeLessThan(rank[task]!);
        }
        // The first end in rank is one of the deepest, and its way down is the first that is run.
        const used = new Set(needs.flat());
        const ends = needs.map((_, task) => task).filter((task) => !used.has(task));
        const first = ends.reduce((a, b) => (rank[a]! < rank[b]! ? a : b));
        expect(depth[first]).toBe(Math.max(...ends.map((end) => depth[end]!)));
        const begin = rank.indexOf(0);
        const deepest = Math.max(...depth);
        const above = (task: number): number =>
          1 +
          Math.max(0, ...needs.flatMap((some, user) => (some.includes(task) ? [above(user)] : [])));
        expect(above(begin)).toBe(deepest);
      }),
      { numRuns: 200 },
    );
  });
});
