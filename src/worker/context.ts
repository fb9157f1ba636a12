/**
 * What a task gets as its last argument.
 */

import { types } from 'node:util';
import type { Generator } from '../random/index.ts';

/** Where a task runs. */
export interface WorkerInfo {
  /** Number of the worker in its pool; 0 in the calling process itself. */
  readonly id: number;
  readonly backend: string;
  readonly pid: number;
  /** Name of the machine, where that is another one. */
  readonly node?: string;
  /** Of a worker thread. */
  readonly threadId?: number;
}

/** Advances the job's progress from inside a task. */
export interface TaskProgress {
  /** Adds to what the job's progress bar has counted. */
  advance(amount?: number): void;
}

/** The last argument of every task function. */
export interface TaskContext {
  /** The task's place in the input. */
  readonly index: number;
  /**
   * The task's own random numbers: the same for any number of workers, batching and backend. Only
   * in jobs with a `seed`.
   */
  readonly rng: Generator;
  /** Aborts when the result is not wanted any more. */
  readonly signal: AbortSignal;
  readonly progress: TaskProgress;
  readonly worker: WorkerInfo;
}

/** What the contexts of a run's tasks share. */
export interface RunContext {
  readonly worker: WorkerInfo;
  readonly progress: TaskProgress;
  /** The run's signal; made when a task first asks for it. */
  signal(): AbortSignal;
  rng(index: number): Generator;
}

/** Marks contexts, in whatever copy of this module they are made: workers load a bundle. */
const CONTEXT: unique symbol = Symbol.for('heddle.context');

/** Whether an argument is what a task was called with beside its own. */
export function isTaskContext(value: unknown): value is TaskContext {
  return typeof value === 'object' && value !== null && !types.isProxy(value) && CONTEXT in value;
}

/** A context that makes its parts when a task asks for them: most ask for none. */
export class LazyContext implements TaskContext {
  readonly index: number;
  readonly #run: RunContext;
  #rng: Generator | undefined;

  constructor(index: number, run: RunContext) {
    this.index = index;
    this.#run = run;
  }

  get [CONTEXT](): true {
    return true;
  }

  get rng(): Generator {
    this.#rng ??= this.#run.rng(this.index);
    return this.#rng;
  }

  get signal(): AbortSignal {
    return this.#run.signal();
  }

  get progress(): TaskProgress {
    return this.#run.progress;
  }

  get worker(): WorkerInfo {
    return this.#run.worker;
  }
}
