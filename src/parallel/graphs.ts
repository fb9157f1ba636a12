/**
 * compute, persist and visualize: graphs of delayed calls.
 */
import { rangeError, typeError } from '../errors.ts';
import {
  Call,
  type DelayedCall,
  draw,
  expand,
  type Graph,
  GraphRun,
  isCall,
  withResults,
} from '../graphs/index.ts';
import { anything, type OptionsOf, readOptions } from '../options.ts';
import {
  CallSite,
  Job,
  parallelOptions,
  prepareWorker,
  type ResolvedOptions,
  resolveOptions,
} from '../scheduler/index.ts';
import { runInto } from './start.ts';

// Calls have no context, so there is nothing to draw from.
const { seed: _seed, ...computeOptions } = parallelOptions;
const { returnErrors: _returnErrors, ...persistOptions } = computeOptions;

/** Options of {@link compute}: those of `map`, without `seed`. */
export interface ComputeOptions extends OptionsOf<typeof computeOptions> {}

/** Options of {@link persist}: those of {@link compute}, without `returnErrors`. */
export interface PersistOptions extends OptionsOf<typeof persistOptions> {}

/** A value with results in place of delayed calls; with settled ones where `Settles` is true. */
type Filled<T, Settles extends boolean> =
  T extends DelayedCall<infer R>
    ? Settles extends true
      ? PromiseSettledResult<Awaited<R>>
      : Awaited<R>
    : T extends Map<infer K, infer V>
      ? Map<Filled<K, Settles>, Filled<V, Settles>>
      : T extends Set<infer V>
        ? Set<Filled<V, Settles>>
        : T extends readonly unknown[] | { [key: string]: unknown }
          ? { -readonly [K in keyof T]: Filled<T[K], Settles> }
          : T;

/** A value with results in place of delayed calls. */
export type Computed<T> = Filled<T, false>;

/** A value with settled results in place of delayed calls, as `returnErrors` gives them. */
export type ComputedSettled<T> = Filled<T, true>;

/** Runs a graph to its end. */
async function runGraph(
  graph: Graph,
  options: ResolvedOptions,
  site: CallSite,
): Promise<(call: Call) => unknown> {
  prepareWorker(options, { remaining: graph.calls.length });
  const job = new Job('calls', null, options);
  const run = new GraphRun(graph, job);
  runInto(job, run, run, site);
  await run.ended;
  return (call) => run.resultOf(call);
}

/** Makes the calls that are in a value, and what they need; for `compute` and `Parallel`. */
export async function computeCalls(
  what: unknown,
  options: ResolvedOptions,
  site: CallSite,
): Promise<unknown> {
  const graph = expand(what);
  if (graph.calls.length === 0) return what;
  return withResults(what, await runGraph(graph, options, site));
}

/**
 * Makes delayed calls, and all that they need, on several cores: each call once, however many others
 * use its result.
 *
 * What is on the longest way to the end runs first; calls that follow each other run in one worker
 * without coming back; and a result is forgotten when the last call that needs it has been started.
 *
 * @param what - a delayed call, or an array, a plain object, a Map or a Set that has such calls in it, at
 *   any depth
 * @param options - with `returnErrors` each result is `{ status, value }` or `{ status, reason }`, and
 *   calls that do not need one that failed go on
 * @returns the same with results in place of calls
 * @throws {@link TaskError} of the first call that failed, with its `label`; {@link CycleError};
 *   {@link WorkerCrashedError}, {@link TaskTimeoutError}
 *
 * @example
 * ```ts
 * const data = delayed(load)('a.npy');
 * const [mean, worst] = await compute([delayed(average)(data), delayed(maximum)(data)]);
 * ```
 */
export function compute<const T>(
  what: T,
  options: ComputeOptions & { readonly returnErrors: true },
): Promise<ComputedSettled<T>>;
export function compute<const T>(what: T, options?: ComputeOptions): Promise<Computed<T>>;
export async function compute(what: unknown, options?: ComputeOptions): Promise<unknown> {
  const site = new CallSite(compute);
  checkOptions(options);
  const resolved = resolveOptions(readOptions('options', computeOptions, options));
  return await computeCalls(what, resolved, site);
}

/** Several calls are one array: what comes second are options. */
function checkOptions(options: unknown): void {
  if (isCall(options))
    throw typeError('options', options, 'an object: several calls go in an array');
}

/**
 * Makes delayed calls as {@link compute} does, and keeps the results in calls that need not be made
 * again: graphs that use these take the results as they are. Large arrays stay in the shared memory in
 * which workers left them.
 *
 * @returns the same as `what`, with calls whose results are known in place of those that it has
 * @throws what {@link compute} throws
 */
export async function persist<const T>(what: T, options?: PersistOptions): Promise<T> {
  const site = new CallSite(persist);
  checkOptions(options);
  const resolved = resolveOptions(readOptions('options', persistOptions, options));
  const graph = expand(what);
  if (graph.calls.length === 0) return what;
  const resultOf = await runGraph(graph, resolved, site);
  const known = new Map<Call, Call>();
  return withResults(what, (call) => {
    let one = known.get(call);
    if (!one) {
      one = new Call(call.fn, [], call.label, { value: resultOf(call) });
      known.set(call, one);
    }
    return one;
  }) as T;
}

const formats = ['dot', 'svg'] as const;

const drawOptions = {
  /** 'dot' (default): Graphviz's language. 'svg': a picture, drawn by the package `@viz-js/viz`. */
  format: anything<(typeof formats)[number]>(),
};

/** Options of {@link visualize}. */
export interface VisualizeOptions extends OptionsOf<typeof drawOptions> {}

/**
 * Draws the graph of delayed calls: an ellipse for each call, a double one for those in `what`, a grey
 * box for results that {@link persist} has kept. Nothing is run.
 *
 * @returns a text in Graphviz's language DOT; or a Promise of an SVG, which needs the package
 *   `@viz-js/viz` beside this one
 * @throws {@link CycleError}; an Error with the code `ERR_HEDDLE_PEER` where the package is missing
 */
export function visualize(
  what: unknown,
  options: VisualizeOptions & { readonly format: 'svg' },
): Promise<string>;
export function visualize(
  what: unknown,
  options?: VisualizeOptions & { readonly format?: 'dot' | undefined },
): string;
export function visualize(what: unknown, options?: VisualizeOptions): string | Promise<string> {
  checkOptions(options);
  const { format = 'dot' } = readOptions('options', drawOptions, options);
  if (!formats.includes(format)) throw rangeError('format', format, "'dot' or 'svg'");
  const dot = draw(expand(what));
  return format === 'dot' ? dot : toSvg(dot);
}

async function toSvg(dot: string): Promise<string> {
  let viz: typeof import('@viz-js/viz');
  try {
    viz = await import('@viz-js/viz');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw Object.assign(
      new Error(
        "visualize with format: 'svg' needs the package @viz-js/viz, which is not installed: " +
          "npm install @viz-js/viz, or give the text of format: 'dot' to Graphviz.",
        { cause: error },
      ),
      { code: 'ERR_HEDDLE_PEER' },
    );
  }
  return (await viz.instance()).renderString(dot, { format: 'svg' });
}
