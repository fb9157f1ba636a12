/**
 * Parallel and delayed: calls of different functions, as joblib writes them.
 */
import { typeError } from '../errors.ts';
import { Call, CallFinder, type DelayedCall, isCall } from '../graphs/index.ts';
import {
  CallSite,
  type Job,
  type ParallelOptions,
  resolveOptions,
  type TaskSource,
  taskSource,
} from '../scheduler/index.ts';
import { computeCalls } from './graphs.ts';
import type { Tasks } from './map.ts';
import { collect } from './start.ts';

/** What the results of calls are. */
export type CallResults<C extends readonly DelayedCall[]> = {
  -readonly [K in keyof C]: C[K] extends DelayedCall<infer R> ? Awaited<R> : never;
};

function isNoted(call: unknown): call is DelayedCall {
  const { fn, args } = (call ?? {}) as Partial<DelayedCall>;
  return typeof fn === 'function' && Array.isArray(args);
}

function checkCall(call: unknown): DelayedCall {
  if (isNoted(call)) return call;
  throw typeError('calls', call, 'calls made with delayed(fn)(...)');
}

/** Turns calls into tasks: the place of the function in the job's table, and the arguments. */
class CallSource implements TaskSource {
  readonly #inner: TaskSource;
  readonly #job: Job;
  /** Looks for calls that need others; null where that has been done. */
  readonly #finder: CallFinder | null;

  constructor(inner: TaskSource, job: Job, finder: CallFinder | null) {
    this.#inner = inner;
    this.#job = job;
    this.#finder = finder;
  }

  take(most: number): ArrayLike<unknown> {
    const calls = this.#inner.take(most);
    const tasks: unknown[] = [];
    for (let i = 0; i < calls.length; i++) {
      const call = checkCall(calls[i]);
      if (this.#finder && needsOthers(call, this.#finder)) {
        throw typeError('calls', call, 'an array where calls need others: the graph is read first');
      }
      tasks.push([this.#job.addFunction(call.fn, 'fn'), call.args]);
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

/** Whether a call has others for arguments, or a result that is known. */
function needsOthers(call: DelayedCall, finder: CallFinder): boolean {
  let needs = isCall(call) && call.known !== null;
  const { args } = call;
  for (let i = 0; i < args.length && !needs; i++) {
    finder.find(args[i], () => {
      needs = true;
    });
  }
  return needs;
}

/** Whether calls are a graph, and not just a list. */
function isGraph(calls: readonly unknown[]): boolean {
  const finder = new CallFinder();
  return calls.some((call) => isNoted(call) && needsOthers(call, finder));
}

/** A call of a graph; one that was not made by `delayed` is as good. */
function asCall(noted: unknown): Call {
  const call = checkCall(noted);
  return isCall(call) ? call : new Call(call.fn, call.args);
}

/** Runs calls with settings that are given once. */
export class Parallel {
  readonly #options: ParallelOptions;

  /** @throws RangeError or TypeError for options that make no sense */
  constructor(options: ParallelOptions = {}) {
    resolveOptions(options);
    this.#options = options;
  }

  /**
   * Makes the calls on several cores, and gives their results in order. Calls of an array may have others
   * for arguments, as those of {@link compute}.
   */
  run<const C extends readonly DelayedCall[]>(calls: C): Promise<CallResults<C>>;
  run<R>(calls: Tasks<DelayedCall<R>>): Promise<Awaited<R>[]>;
  async run(calls: Tasks<DelayedCall>): Promise<unknown[]> {
    const site = new CallSite(this.run);
    const resolved = resolveOptions(this.#options);
    const isRead = Array.isArray(calls);
    if (isRead && isGraph(calls)) {
      return (await computeCalls(calls.map(asCall), resolved, site)) as unknown[];
    }
    const finder = isRead ? null : new CallFinder();
    const adapt = (tasks: TaskSource, job: Job): TaskSource => new CallSource(tasks, job, finder);
    return await collect('calls', null, resolved, site, taskSource(calls), adapt);
  }
}
