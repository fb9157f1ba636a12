/**
 * reduce: many values become one, on several cores.
 */
import { typeError } from '../errors.ts';
import { anything, type Option, type OptionsOf, readOptions, wholeNumber } from '../options.ts';
import {
  CallSite,
  Job,
  parallelOptions,
  prepareWorker,
  resolveOptions,
  taskSource,
} from '../scheduler/index.ts';
import type { Tasks } from './map.ts';
import { Reduction } from './reduction.ts';
import { runInto } from './start.ts';

// Reducers have no context, so there is nothing to draw from; and of one result there are no parts.
const { seed: _seed, returnErrors: _returnErrors, ...jobOptions } = parallelOptions;

type Combine = (a: never, b: never) => unknown;

const combine: Option<Combine> = (name, value) => {
  if (typeof value !== 'function') throw typeError(name, value, 'a function of two results');
  return value as Combine;
};

const reduceOptions = {
  ...jobOptions,
  /**
   * Values that one task puts together, one after the other (default 32, at least 2). The order follows from
   * it, and is the same whatever else is set.
   */
  chunkSize: wholeNumber({ least: 2 }),
  /** What stands before the first value; with `combine` what each chunk begins with. */
  initial: anything<unknown>(),
  /** Puts the results of chunks together, where these are not like the values. */
  combine,
};

/** Options of {@link reduce}: those of `map` without `seed` and `returnErrors`, and how it is cut. */
export interface ReduceOptions
  extends Omit<OptionsOf<typeof reduceOptions>, 'initial' | 'combine'> {}

const CHUNK_SIZE = 32;

/**
 * Makes one value of many on several cores, with an associative function: `fn(fn(a, b), c)` must be as good
 * as `fn(a, fn(b, c))`. It need not be commutative: values stay in their order.
 *
 * Which calls are made is fixed: each `chunkSize` values that follow each other are put together from left to
 * right, then each `chunkSize` of the results, until one is left. So sums of floats have the same bits for any
 * number of workers, on any backend. With at most `chunkSize` values it is `Array.prototype.reduce`.
 *
 * With `combine`, chunks may become something else than the values are: each begins with a copy of
 * `initial`, which `fn` adds its values to, and `combine` puts the results of chunks together.
 *
 * @param tasks - the values; read only as far ahead as `preDispatch` says, where it isn't an array
 * @param fn - called with two values; may be async
 * @returns the value that is left; `initial` for an empty input (as with every option, undefined is not given)
 * @throws TypeError for an empty input without `initial`; {@link TaskError} of the first call that
 *   failed, whose `label` says which values it was about; {@link WorkerCrashedError},
 *   {@link TaskTimeoutError}; what the iterator of the tasks throws
 *
 * @example
 * ```ts
 * const sum = await reduce(numbers, (a, b) => a + b, { initial: 0 });
 * const words = await reduce(texts, (set, text) => set.add(text), {
 *   initial: new Set(),
 *   combine: (a, b) => new Set([...a, ...b]),
 * });
 * ```
 */
export function reduce<A, R>(
  tasks: Tasks<A>,
  fn: (result: R, task: A) => R | PromiseLike<R>,
  options: ReduceOptions & {
    readonly initial: R;
    readonly combine: (a: R, b: R) => R | PromiseLike<R>;
  },
): Promise<R>;
export function reduce<A>(
  tasks: Tasks<A>,
  fn: (a: A, b: A) => A | PromiseLike<A>,
  options?: ReduceOptions & { readonly initial?: A | undefined; readonly combine?: undefined },
): Promise<A>;
export async function reduce(
  tasks: Tasks<unknown>,
  fn: (a: never, b: never) => unknown,
  options?: ReduceOptions & { readonly initial?: unknown; readonly combine?: Combine | undefined },
): Promise<unknown> {
  const site = new CallSite(reduce);
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  const read = readOptions('options', reduceOptions, options);
  const { chunkSize = CHUNK_SIZE, initial: _initial, combine = null, ...rest } = read;
  const given = 'initial' in read;
  if (combine && !given) {
    throw typeError('initial', undefined, 'given with combine: each chunk begins with it');
  }
  const initial = given ? { value: read.initial } : null;
  const resolved = resolveOptions(rest);
  const input = taskSource(tasks);
  prepareWorker(resolved, input);
  const job = new Job('calls', fn, resolved);
  const run = new Reduction(input, { fn, combine, initial, chunkSize }, job);
  runInto(job, run, run, site);
  const result = (await run.result) ?? initial;
  if (!result) throw typeError('tasks', tasks, 'not empty where there is no initial value');
  return result.value;
}
