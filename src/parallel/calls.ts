/**
 * Parallel and delayed: calls of different functions, as joblib writes them.
 */
import { typeError } from '../errors.ts';
import {
  CallSite,
  type Job,
  type ParallelOptions,
  resolveOptions,
  type TaskSource,
  taskSource,
} from '../scheduler/index.ts';
import type { Tasks } from './map.ts';
import { collect } from './start.ts';

/** A call that has been noted and not made; from {@link delayed}. */
export interface DelayedCall<R = unknown> {
  readonly fn: (...args: never[]) => R;
  readonly args: readonly unknown[];
}

/** What the results of calls are. */
export type CallResults<C extends readonly DelayedCall[]> = {
  -readonly [K in keyof C]: C[K] extends DelayedCall<infer R> ? Awaited<R> : never;
};

/**
 * Makes a function that notes calls of `fn` instead of making them.
 *
 * @example
 * ```ts
 * await new Parallel({ jobs: 2 }).run([delayed(fit)(train), delayed(load)('a.npy')]);
 * ```
 */
export function delayed<P extends readonly unknown[], R>(
  fn: (...args: P) => R,
): (...args: P) => DelayedCall<R> {
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  return (...args) => ({ fn: fn as unknown as DelayedCall<R>['fn'], args });
}

/** Turns calls into tasks: the place of the function in the job's table, and the arguments. */
class CallSource implements TaskSource {
  readonly #inner: TaskSource;
  readonly #job: Job;

  constructor(inner: TaskSource, job: Job) {
    this.#inner = inner;
    this.#job = job;
  }

  take(most: number): ArrayLike<unknown> {
    const calls = this.#inner.take(most);
    const tasks: unknown[] = [];
    for (let i = 0; i < calls.length; i++) {
      const call = calls[i] as DelayedCall | null | undefined;
      if (typeof call?.fn !== 'function' || !Array.isArray(call.args)) {
        throw typeError('calls', call, 'calls made with delayed(fn)(...)');
      }
      tasks.push([this.#job.place(call.fn, 'fn'), call.args]);
    }
    return tasks;
  }

  get done(): boolean {
    return this.#inner.done;
  }

  get remaining(): number | null {
    return this.#inner.remaining;
  }

  whenReady(callback: () => void): void {
    this.#inner.whenReady(callback);
  }

  close(): void {
    this.#inner.close();
  }
}

/** Runs calls with settings that are given once. */
export class Parallel {
  readonly #options: ParallelOptions;

  /** @throws RangeError or TypeError for options that make no sense */
  constructor(options: ParallelOptions = {}) {
    resolveOptions(options);
    this.#options = options;
  }

  /** Makes the calls on several cores, and gives their results in order. */
  run<const C extends readonly DelayedCall[]>(calls: C): Promise<CallResults<C>>;
  run<R>(calls: Tasks<DelayedCall<R>>): Promise<Awaited<R>[]>;
  async run(calls: Tasks<DelayedCall>): Promise<unknown[]> {
    const site = new CallSite(this.run);
    const resolved = resolveOptions(this.#options);
    const adapt = (tasks: TaskSource, job: Job): TaskSource => new CallSource(tasks, job);
    return await collect('calls', null, resolved, site, taskSource(calls), adapt);
  }
}
