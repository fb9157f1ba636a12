/**
 * Engines that are addressed one by one: each runs what it is given, in the order of the calls, and keeps
 * what was pushed to it.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rangeError, typeError } from '../../errors.ts';
import { flag, type OptionsOf, readOptions } from '../../options.ts';
import type { TaskContext, Tasks } from '../../parallel/index.ts';
import type { Backend } from '../../protocol/index.ts';
import { CallSite, type ResolvedOptions, resolveOptions } from '../../scheduler/index.ts';
import { clearNames, executeScript, importNames, pullNames, pushNames } from '../host/namespace.ts';
import type { EngineId, EngineInfo, Transport } from '../transport/types.ts';
import type { AsyncResult } from './async-result.ts';
import { type DirectCallSpec, directCall, type Part } from './direct-call.ts';
import { callOf, type EngineArguments } from './references.ts';
import { checkName, lastingScript, namedModules } from './script.ts';
import { arrayOf, bounds, joined, partsOf } from './split.ts';
import { enginesOf } from './targets.ts';

type AnyFunction = (...args: never[]) => unknown;

const scatterOptions = {
  /** A part of one element is that element, not an array of it. */
  flatten: flag,
};

/** Options of {@link DirectView.scatter}. */
export interface ScatterOptions extends OptionsOf<typeof scatterOptions> {}

/** The mode 'calls' of one call. */
function call(args: readonly unknown[]): readonly unknown[] {
  return [[0, args]];
}

/** What a view needs of its client. */
export interface ViewContext {
  readonly transport: Transport;
  readonly backend: Backend;
}

/**
 * Some engines, each of which runs what is called here. Calls reach an engine in their order, one runs at a
 * time, and what an engine keeps under names stays there. Results have one element for each engine, in the
 * order of {@link DirectView.targets}; a call that fails on some engines fails with a {@link CompositeError}.
 * A call never moves to another engine: when its engine is lost, it fails with an {@link EngineLostError}.
 * There are no time-outs unless a scope sets one (`withConfig({ timeout })`), and no retries.
 */
export class DirectView {
  readonly #context: ViewContext;
  readonly #targets: () => readonly EngineId[];

  /** @internal */
  constructor(context: ViewContext, targets: () => readonly EngineId[]) {
    this.#context = context;
    this.#targets = targets;
  }

  /** Numbers of its engines; of a view of all engines, those that there are now. */
  get targets(): readonly number[] {
    return this.#targets();
  }

  get #engines(): EngineInfo[] {
    return enginesOf(this.#context.transport.engines(), this.targets);
  }

  #options(): ResolvedOptions {
    return resolveOptions({ backend: this.#context.backend, progress: false, verbose: 0 });
  }

  #run<T>(spec: DirectCallSpec<T>, site: CallSite): AsyncResult<T> {
    return directCall(this.#context.transport, spec, this.#options(), site);
  }

  /** Calls a function on each engine, with the same arguments. */
  #onEach<T>(
    fn: AnyFunction,
    args: readonly unknown[],
    site: CallSite,
    combine: (results: readonly unknown[]) => T,
  ): AsyncResult<T> {
    const tasks = call(args);
    const parts = this.#engines.map((engine, first) => ({ engine, first, tasks }));
    const spec = {
      mode: 'calls',
      fn,
      parts,
      combine: (results: readonly unknown[][]) => combine(results.map(([value]) => value)),
    } as const;
    return this.#run(spec, site);
  }

  /**
   * Calls a function on each engine.
   *
   * @param fn - as for `map`: it takes along what it captures; names on the engine are globals to it
   * @param args - for it; `ref(name)` stands for what the engine has under that name
   * @returns what each engine gave
   */
  apply<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    ...args: EngineArguments<A>
  ): AsyncResult<Awaited<R>[]> {
    const site = new CallSite(this.apply);
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    const called = callOf(fn as AnyFunction, args);
    return this.#onEach(called.fn, called.args, site, (results) => results as Awaited<R>[]);
  }

  /**
   * Calls a function for each item: each engine has as many that are neighbours, which are shared out before
   * the first one begins. An engine stops at its first item that fails.
   *
   * @returns the results in the order of the items
   */
  map<T, R>(items: Tasks<T>, fn: (item: T, ctx: TaskContext) => R): AsyncResult<Awaited<R>[]> {
    const site = new CallSite(this.map);
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    const isAsync = typeof items === 'object' && items !== null && Symbol.asyncIterator in items;
    if (isAsync) throw typeError('items', items, 'an array or an iterable: how many must be known');
    const list = arrayOf('items', items);
    const engines = this.#engines;
    const parts: Part[] = bounds(list.length, engines.length)
      .map(([from, to], i) => ({ engine: engines[i]!, first: from, tasks: list.slice(from, to) }))
      .filter(({ tasks }) => tasks.length > 0);
    const combine = (results: readonly unknown[][]) => results.flat(1) as Awaited<R>[];
    return this.#run({ mode: 'task', fn: fn as AnyFunction, parts, combine }, site);
  }

  /**
   * Gives values names on each engine. Large arrays are copied once for all engines of a machine.
   *
   * @throws RangeError for what can't be a name, or is a global of every engine
   */
  push(values: Record<string, unknown>): AsyncResult<void> {
    const site = new CallSite(this.push);
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw typeError('values', values, 'an object of values by their names');
    }
    for (const name of Object.keys(values)) checkName('a key of values', name);
    return this.#onEach(pushNames, [{ ...values }], site, () => undefined);
  }

  /**
   * What engines have under names, or what expressions of names are there: `pull('table.length')`.
   *
   * @returns for each engine the value; for an array of names, arrays of values
   */
  pull<T = unknown>(name: string): AsyncResult<T[]>;
  pull<T extends readonly unknown[] = unknown[]>(names: readonly string[]): AsyncResult<T[]>;
  pull(names: string | readonly string[]): AsyncResult<unknown[]> {
    const site = new CallSite(this.pull);
    const one = typeof names === 'string';
    const list = one ? [names] : names;
    if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) {
      throw typeError('names', names, 'a name, or an array of names');
    }
    return this.#onEach(pullNames, [list], site, (results) =>
      one ? results.map((values) => (values as unknown[])[0]) : [...results],
    );
  }

  /**
   * Shares an array out: each engine gets a part of it under the name, as many elements each; the first ones
   * get one more where that can't be.
   *
   * @param value - an array, a typed array, or something else with a length
   */
  scatter(
    name: string,
    value: ArrayLike<unknown> | Iterable<unknown>,
    options?: ScatterOptions,
  ): AsyncResult<void> {
    const site = new CallSite(this.scatter);
    checkName('name', name);
    const { flatten = false } = readOptions('options', scatterOptions, options);
    const engines = this.#engines;
    const values = partsOf('value', value, engines.length, flatten);
    const parts = engines.map((engine, first) => ({
      engine,
      first,
      tasks: call([{ [name]: values[first] }]),
    }));
    return this.#run({ mode: 'calls', fn: pushNames, parts, combine: () => undefined }, site);
  }

  /**
   * Puts together what the engines have under a name: typed arrays of one kind as one of that kind, arrays as
   * an array, in which what is no array is an element.
   */
  gather<T = unknown>(name: string): AsyncResult<T> {
    const site = new CallSite(this.gather);
    checkName('name', name);
    return this.#onEach(
      pullNames,
      [[name]],
      site,
      (results) => joined(results.map((values) => (values as unknown[])[0])) as T,
    );
  }

  /**
   * Runs a script in the global scope of each engine. What it declares outside of blocks are names there,
   * and may be declared again.
   *
   * @param code - a script; no module, and no `await` outside of functions
   * @returns the value of its last expression on each engine (of a promise, what that gives), undefined for a
   *   function
   */
  execute(code: string): AsyncResult<unknown[]> {
    const site = new CallSite(this.execute);
    if (typeof code !== 'string') throw typeError('code', code, 'a script, as text');
    const args = [lastingScript(code), 'execute'];
    return this.#onEach(executeScript, args, site, (results) => [...results]);
  }

  /**
   * Runs the script in a file on each engine, as {@link DirectView.execute} does. It is read here.
   *
   * @param file - a path or a file URL
   */
  run(file: string | URL): AsyncResult<void> {
    const site = new CallSite(this.run);
    if (typeof file !== 'string' && !(file instanceof URL)) {
      throw typeError('file', file, 'a path or a file URL');
    }
    const path = typeof file === 'string' && !file.startsWith('file:') ? file : fileURLToPath(file);
    if (!/\.c?js$/.test(path)) throw rangeError('file', file, "a script: '….js' or '….cjs'");
    // Read now, so that it comes before what is called next.
    const args = [lastingScript(readFileSync(path, 'utf8')), path];
    return this.#onEach(executeScript, args, site, () => undefined);
  }

  /**
   * Imports modules on each engine, and gives them names: 'lodash' is `lodash` there, 'node:os' `os`,
   * './my-helpers.js' `myHelpers`. They are found from this program's working directory.
   */
  use(...modules: string[]): AsyncResult<void> {
    const site = new CallSite(this.use);
    const from = pathToFileURL(`${process.cwd()}/`).href;
    return this.#onEach(importNames, [namedModules(modules), from], site, () => undefined);
  }

  /** Removes all names from the engines. */
  clear(): AsyncResult<void> {
    return this.#onEach(clearNames, [], new CallSite(this.clear), () => undefined);
  }
}
