/**
 * Engines that take work as they are free.
 */
import { typeError } from '../../errors.ts';
import { DependencyError } from '../../graphs/index.ts';
import {
  milliseconds,
  type Option,
  type OptionsOf,
  readOptions,
  wholeNumber,
} from '../../options.ts';
import {
  type Executor,
  executor,
  type Future,
  imap,
  type ResultStream,
  type Settled,
  type StreamOptions,
  type TaskContext,
  type Tasks,
  type TaskTimes,
} from '../../parallel/index.ts';
import type { Backend } from '../../protocol/index.ts';
import { CallSite } from '../../scheduler/index.ts';
import { AsyncResult, type TaskMetadata } from './async-result.ts';
import { ResultBoard } from './board.ts';
import { deferredResult } from './deferred.ts';
import { CompositeError } from './errors.ts';
import { callOf, type EngineArguments } from './references.ts';
import type { Targets } from './targets.ts';

const results: Option<readonly AsyncResult<unknown>[]> = (name, value) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const one of list) {
    if (!(one instanceof AsyncResult)) throw typeError(name, one, 'a result of a call on engines');
  }
  return list as readonly AsyncResult<unknown>[];
};

export const balancedOptions = {
  /** Engines that may run it. Default: all. */
  targets: ((_name, value) => value) as Option<Targets>,
  /** How often a task runs again that has thrown, or has ended its engine. Default 0. */
  retries: wholeNumber({ least: 0 }),
  /** Milliseconds that a task may run; its engine is replaced then. Default Infinity. */
  timeout: milliseconds,
  /** Results that have to be there before its calls begin; one that fails is an error of theirs. */
  after: results,
};

/** Options of a load-balanced view. */
export interface BalancedOptions extends OptionsOf<typeof balancedOptions> {}

const mapOptions = {
  /** Tasks that go together. Default: as many as take some milliseconds. */
  chunkSize: ((name, value) =>
    value === 'auto' ? value : wholeNumber({ least: 1 })(name, value)) as Option<number | 'auto'>,
};

/** Options of {@link LoadBalancedView.map}. */
export interface BalancedMapOptions extends OptionsOf<typeof mapOptions> {}

/** The calls of a map, whose results are taken as they come. */
class BalancedMap<R> {
  readonly board: ResultBoard;
  readonly promise: Promise<R[]>;
  readonly #stream: ResultStream<Settled<R>>;
  readonly #site: CallSite;
  #aborted = false;

  constructor(stream: ResultStream<Settled<R>>, length: number | null, site: CallSite) {
    this.#stream = stream;
    this.#site = site;
    this.board = new ResultBoard(length);
    this.promise = this.#collect();
  }

  async #collect(): Promise<R[]> {
    const values: R[] = [];
    const errors: unknown[] = [];
    let index = 0;
    try {
      for await (const outcome of this.#stream) {
        this.board.put(index++, outcome);
        if (outcome.status === 'fulfilled') values.push(outcome.value);
        else errors.push(outcome.reason);
      }
    } finally {
      this.board.end();
    }
    if (this.#aborted) throw new DOMException('The call was aborted', 'AbortError');
    if (errors.length > 0) throw new CompositeError(errors, index, this.#site);
    return values;
  }

  metadata(): TaskMetadata[] {
    const { tasks } = this.#stream.stats;
    const times = new Map<number, TaskTimes>(tasks.map((task) => [task.index, task]));
    const length = this.board.length ?? this.board.settled;
    return Array.from({ length }, (_, index) => {
      const outcome = this.board.at(index);
      const task = times.get(index);
      return {
        ...whoRan(task?.by),
        index,
        submitted: this.board.began,
        started: task?.started ?? null,
        completed: task?.completed ?? null,
        received: this.board.receivedAt(index),
        ...fate(outcome, this.#aborted),
      };
    });
  }

  serialTime(): number {
    return this.#stream.stats.serialTime;
  }

  abort(): void {
    this.#aborted = true;
    this.#stream.cancel();
  }
}

/** One call. */
class BalancedCall<R> {
  readonly board = new ResultBoard(1);
  readonly promise: Promise<R>;
  readonly #future: Future<R>;

  constructor(future: Future<R>) {
    this.#future = future;
    const settled = (): void => {
      this.board.put(0, future.outcome!);
      this.board.end();
    };
    this.promise = future.finally(settled);
  }

  metadata(): TaskMetadata[] {
    const { by, submitted, started, completed } = this.#future.metadata;
    const received = this.board.receivedAt(0);
    const aborted = this.#future.state === 'cancelled';
    const outcome = aborted ? undefined : this.board.at(0);
    return [
      {
        ...whoRan(by ?? undefined),
        index: 0,
        submitted,
        started,
        completed,
        received,
        ...fate(outcome, aborted),
      },
    ];
  }

  serialTime(): number {
    const { started, completed } = this.#future.metadata;
    return started === null || completed === null ? 0 : completed - started;
  }

  abort(): void {
    this.#future.cancel();
  }
}

function whoRan(by: TaskTimes['by']): Pick<TaskMetadata, 'engine' | 'node' | 'pid'> {
  return { engine: by?.engine ?? null, node: by?.node ?? null, pid: by?.pid ?? null };
}

function fate(
  outcome: PromiseSettledResult<unknown> | undefined,
  aborted: boolean,
): Pick<TaskMetadata, 'status' | 'error'> {
  if (!outcome) return { status: aborted ? 'aborted' : 'pending', error: undefined };
  if (outcome.status === 'fulfilled') return { status: 'ok', error: undefined };
  return { status: 'error', error: outcome.reason };
}

function lengthOf(items: unknown): number | null {
  const { length, size } = items as { length?: unknown; size?: unknown };
  if (typeof length === 'number') return length;
  return typeof size === 'number' ? size : null;
}

/**
 * Engines that take calls as they are free. A call whose engine dies for no fault of its own runs on another
 * one; one that ends its engine fails, unless `retries` allow it another.
 */
export class LoadBalancedView {
  readonly #backend: Backend;
  readonly #options: Omit<BalancedOptions, 'targets'>;
  #executor: Executor | null = null;

  /** @internal */
  constructor(backend: Backend, options: Omit<BalancedOptions, 'targets'>) {
    this.#backend = backend;
    this.#options = options;
  }

  get #common(): { backend: Backend; retries: number; retryErrors: number; timeout: number } {
    const { retries = 0, timeout = Number.POSITIVE_INFINITY } = this.#options;
    return { backend: this.#backend, retries, retryErrors: retries, timeout };
  }

  /** Makes a call when what it comes after is there. */
  #afterwards<T>(name: string, make: () => AsyncResult<T>): AsyncResult<T> {
    const { after = [] } = this.#options;
    if (after.length === 0) return make();
    return deferredResult(allOf(after, name), make);
  }

  /**
   * Calls a function on an engine that is free.
   *
   * @param args - for it; `ref(name)` stands for what the engine has under that name
   */
  apply<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    ...args: EngineArguments<A>
  ): AsyncResult<Awaited<R>> {
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    return this.#afterwards(fn.name, () => {
      this.#executor ??= executor(this.#common);
      const called = callOf(fn as never, args);
      const future = this.#executor.submit(called.fn as (...args: unknown[]) => R, ...called.args);
      const call = new BalancedCall(future);
      return new AsyncResult(call.promise, call.board, call);
    });
  }

  /**
   * Calls a function for each item, on engines as they are free. All items run, whatever fails.
   *
   * @returns the results in the order of the items
   * @throws CompositeError with a {@link TaskError} or another error for each item that failed
   */
  map<T, R>(
    items: Tasks<T>,
    fn: (item: T, ctx: TaskContext) => R,
    options?: BalancedMapOptions,
  ): AsyncResult<Awaited<R>[]> {
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    const site = new CallSite(this.map);
    const { chunkSize = 'auto' } = readOptions('options', mapOptions, options);
    const result = this.#afterwards(fn.name, () => {
      const settings = { ...this.#common, batchSize: chunkSize, returnErrors: true } as const;
      const call = new BalancedMap(imap(items, fn, settings), lengthOf(items), site);
      return new AsyncResult(call.promise, call.board, call);
    });
    site.note();
    return result;
  }

  /**
   * Calls a function for each item and streams the results, as `imap` does; what the view comes after is
   * not waited for.
   */
  imap<T, R>(
    items: Tasks<T>,
    fn: (item: T, ctx: TaskContext) => R,
    options?: Omit<StreamOptions, 'backend' | 'returnErrors'>,
  ): ResultStream<Awaited<R>> {
    return imap(items, fn, { ...this.#common, ...options } as StreamOptions);
  }
}

/** Waits for results that have to be there; the first error is one of who waits. */
async function allOf(after: readonly AsyncResult<unknown>[], name: string): Promise<void> {
  for (const one of after) {
    try {
      await one;
    } catch (error) {
      throw new DependencyError(name || 'a call', one.id, error);
    }
  }
}
