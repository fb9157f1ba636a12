/**
 * How far a graph has come: which task may start next, what is not needed any more, and what can't be
 * run. Numbers in, numbers out: nothing here runs anything, or knows values.
 */

import type { GraphTaskState } from '../scheduler/index.ts';
import type { Plan } from './plan.ts';

const WAITS = 0;
const READY = 1;
const STARTED = 2;
const DONE = 3;
const FAILED = 4;
/** It won't be run: what it needs has failed, or nobody needs it any more. */
const CANCELLED = 5;

const STATES: readonly GraphTaskState[] = [
  'waits',
  'ready',
  'started',
  'done',
  'failed',
  'cancelled',
];

/** Ranks of which the smallest is taken first: a binary heap. */
class Ranks {
  readonly #heap: number[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(rank: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(rank);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= rank) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = rank;
  }

  /** The smallest; −1 where there is none. */
  pop(): number {
    const heap = this.#heap;
    if (heap.length === 0) return -1;
    const top = heap[0]!;
    const rank = heap.pop()!;
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= rank) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = rank;
    return top;
  }
}

export class GraphState {
  readonly #plan: Plan;
  readonly #states: Uint8Array;
  /** What each task needs that is not done. */
  readonly #missing: Int32Array;
  /** Users of each task that have not started, and will. */
  readonly #users: Int32Array;
  readonly #byRank: Int32Array;
  readonly #ranks = new Ranks();
  #left: number;
  #ready = 0;

  constructor(plan: Plan) {
    const { count, needsAt, usersAt, rank } = plan;
    this.#plan = plan;
    this.#left = count;
    this.#states = new Uint8Array(count);
    this.#missing = new Int32Array(count);
    this.#users = new Int32Array(count);
    this.#byRank = new Int32Array(count);
    for (let task = 0; task < count; task++) {
      this.#missing[task] = needsAt[task + 1]! - needsAt[task]!;
      this.#users[task] = usersAt[task + 1]! - usersAt[task]!;
      this.#byRank[rank[task]!] = task;
    }
    for (const task of this.#byRank) if (this.#missing[task] === 0) this.#makeReady(task);
  }

  /** Tasks that have not started, and will. */
  get left(): number {
    return this.#left;
  }

  /** Of these, the ones that may start now. */
  get ready(): number {
    return this.#ready;
  }

  of(task: number): GraphTaskState {
    return STATES[this.#states[task]!]!;
  }

  #makeReady(task: number): void {
    this.#states[task] = READY;
    this.#ready++;
    this.#ranks.push(this.#plan.rank[task]!);
  }

  /** The ready task of the smallest rank, which counts as started; −1 where none is ready. */
  start(): number {
    for (;;) {
      const rank = this.#ranks.pop();
      if (rank < 0) return -1;
      const task = this.#byRank[rank]!;
      // One that was cancelled stays in the heap.
      if (this.#states[task] !== READY) continue;
      this.#leave(task, STARTED);
      return task;
    }
  }

  /** A ready task counts as started, whatever its rank. */
  begin(task: number): void {
    if (this.#states[task] !== READY) throw new Error(`task ${task} of the graph is not ready`);
    this.#leave(task, STARTED);
  }

  #leave(task: number, state: number): void {
    if (this.#states[task] === READY) this.#ready--;
    this.#states[task] = state;
    this.#left--;
  }

  /**
   * The values that a started task needs have been given to it.
   *
   * @param drop - called with each task whose result nobody needs any more
   */
  taken(task: number, drop: (task: number) => void): void {
    const { needsAt, needs, wanted } = this.#plan;
    for (let at = needsAt[task]!; at < needsAt[task + 1]!; at++) {
      const need = needs[at]!;
      if (--this.#users[need]! === 0 && !wanted[need]) drop(need);
    }
  }

  /**
   * A task is done: others may be ready.
   *
   * @returns whether its result is needed
   */
  done(task: number): boolean {
    this.#expect(task);
    this.#states[task] = DONE;
    const { usersAt, users, wanted } = this.#plan;
    for (let at = usersAt[task]!; at < usersAt[task + 1]!; at++) {
      const user = users[at]!;
      if (--this.#missing[user]! === 0 && this.#states[user] === WAITS) this.#makeReady(user);
    }
    return this.#users[task]! > 0 || wanted[task] === 1;
  }

  /**
   * A task has failed. What needs it is cancelled, and so is what only that would have needed.
   *
   * @param cancel - called with each task that would have needed it
   * @param drop - called with each task whose result nobody needs any more
   */
  failed(task: number, cancel: (task: number) => void, drop: (task: number) => void): void {
    this.#expect(task);
    this.#states[task] = FAILED;
    const { usersAt, users } = this.#plan;
    const cancelled: number[] = [];
    const from = [task];
    for (let one = from.pop(); one !== undefined; one = from.pop()) {
      for (let at = usersAt[one]!; at < usersAt[one + 1]!; at++) {
        const user = users[at]!;
        // It needs what has not been done: it has not started.
        if (this.#states[user] === CANCELLED) continue;
        this.#leave(user, CANCELLED);
        cancelled.push(user);
        from.push(user);
        cancel(user);
      }
    }
    for (const one of cancelled) this.#unneed(one, drop);
  }

  /** A task won't start: what nobody but it would have needed is not run either. */
  #unneed(task: number, drop: (task: number) => void): void {
    const { needsAt, needs, wanted } = this.#plan;
    const from = [task];
    for (let one = from.pop(); one !== undefined; one = from.pop()) {
      for (let at = needsAt[one]!; at < needsAt[one + 1]!; at++) {
        const need = needs[at]!;
        if (--this.#users[need]! > 0 || wanted[need]) continue;
        const state = this.#states[need];
        if (state === DONE) drop(need);
        else if (state === WAITS || state === READY) {
          this.#leave(need, CANCELLED);
          from.push(need);
        }
      }
    }
  }

  /** Nothing more is to be started. */
  close(): void {
    const { count } = this.#plan;
    for (let task = 0; task < count && this.#left > 0; task++) {
      const state = this.#states[task];
      if (state === WAITS || state === READY) this.#leave(task, CANCELLED);
    }
  }

  #expect(task: number): void {
    if (this.#states[task] === STARTED) return;
    throw new Error(`task ${task} of the graph has ended, but was '${this.of(task)}'`);
  }
}
