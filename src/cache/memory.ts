/**
 * A cache of results on disk, as joblib's `Memory`.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { type Callable, isNativeText, restore, state } from '../codec/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { functionText, readParameters } from '../functions/index.ts';
import {
  type ByteSize,
  byteSize,
  type Option,
  type OptionsOf,
  readOptions,
  wholeNumber,
} from '../options.ts';
import {
  type CacheSettings,
  callAnew,
  callCached,
  clearFunction,
  type Ignored,
  isCached,
} from './calls.ts';
import { compression } from './compression.ts';
import { type Compress, checkFile } from './dump.ts';
import { CACHED } from './hash.ts';
import { removeBeyond } from './limits.ts';

const bytes = byteSize({ least: 0, unlimited: true });
const age = wholeNumber({ least: 0, unlimited: true, unit: 'milliseconds' });

const memoryOptions = { bytes, age, compress: compression };

/** As they have been read: numbers of bytes, and a method. */
type CheckedOptions = OptionsOf<typeof memoryOptions>;

/** What a cache keeps, and how. */
export interface MemoryOptions {
  /**
   * Bytes that it may take, as a number or as '10G': when there are more, the results that were used
   * longest ago go. Default: no limit.
   */
  readonly bytes?: ByteSize | undefined;
  /** Milliseconds after which a result is computed anew. Default: never. */
  readonly age?: number | undefined;
  /** Compress results, which are then read instead of mapped; as for `dump`. Default false. */
  readonly compress?: Compress | undefined;
}

const version: Option<string | number> = (name, value) => {
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw typeError(name, value, 'a text or a number');
};

const ignore: Option<readonly (string | number)[]> = (name, value) => {
  const known = (one: unknown): boolean => typeof one === 'string' || typeof one === 'number';
  if (Array.isArray(value) && value.every(known)) return value as readonly (string | number)[];
  throw typeError(name, value, 'a list of names or indices of parameters');
};

const cacheOptions = { ignore, version };

/** What belongs to the key of a call beside the function and its arguments, and what doesn't. */
export interface CacheOptions {
  /**
   * Parameters that make no difference to the result: names, indices from 0, or `'options.verbose'`
   * for a member of one.
   */
  readonly ignore?: readonly (string | number)[] | undefined;
  /** Another one makes all results anew: for what changes without the function's text, as a file. */
  readonly version?: string | number | undefined;
}

/** A function whose results are kept. It can be sent to workers, which use the same cache. */
export interface CachedFunction<A extends readonly unknown[], R> {
  /** The result, from the cache or by the function. */
  (...args: A): Promise<Awaited<R>>;
  /** Calls the function whatever is kept, and keeps its result instead. */
  refresh(...args: A): Promise<Awaited<R>>;
  /** Whether the result of this call is kept. */
  checkCallInCache(...args: A): Promise<boolean>;
  /** Removes all results of the function, with whatever captures and version. */
  clear(): Promise<void>;
}

const reduceOptions = {
  bytes,
  age,
  items: wholeNumber({ least: 0, unlimited: true }),
};

/** How much {@link Memory.reduceSize} leaves. */
export interface ReduceOptions {
  /** Bytes, as a number or as '10G'. */
  readonly bytes?: ByteSize | undefined;
  /** Milliseconds since a result was computed. */
  readonly age?: number | undefined;
  /** Results. */
  readonly items?: number | undefined;
}

/** A folder with results; from {@link memory}. */
export class Memory {
  /** The folder as an absolute path; null where nothing is kept. */
  readonly folder: string | null;
  readonly #options: CheckedOptions;

  /** @internal */
  constructor(folder: string | null, options: CheckedOptions) {
    this.folder = folder;
    this.#options = options;
  }

  /** @internal */
  [state](): unknown {
    return { folder: this.folder, options: this.#options };
  }

  /** @internal */
  static [restore](from: { folder: string | null; options: CheckedOptions }): Memory {
    return new Memory(from.folder, from.options);
  }

  /** Where results are: a folder of our own, since `clear()` removes it. */
  get #results(): string | null {
    return this.folder === null ? null : path.join(this.folder, 'heddle');
  }

  /**
   * Makes a function that calls `fn` once for each combination of arguments, in whatever process and
   * thread, and then gives what it gave.
   *
   * The key is the function's text, the values of what it takes from outside, `version` and the
   * arguments (see {@link hash}). What the function itself assigns to is not part of it; neither are
   * files that it reads, the time, the context of a task, or the code of packages that it calls
   * beyond their own functions' text. Results are each caller's own: large arrays in them are mapped, and what is written to one
   * stays with who writes. A result that can't be kept (a full disk, a socket) is given all the
   * same, with a warning; so is one whose file is damaged, after it was computed anew. Errors are
   * not kept. Two processes that ask for the same at once both compute it.
   *
   * @throws TypeError or RangeError for a parameter that the function does not have; {@link
   *   HashError} of a call whose arguments, or captured values, have no hash
   * @example
   * ```ts
   * const fit = memory('./cache', { bytes: '10G' }).cache(slowFit, { ignore: ['verbose'] });
   * const model = await fit(data, { rate: 0.1 });
   * ```
   */
  cache<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    options?: CacheOptions,
  ): CachedFunction<A, R> {
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    const given = readOptions('options', cacheOptions, options);
    const { bytes = Infinity, age = Infinity, compress = 'none' } = this.#options;
    return cachedFunction({
      fn: fn as CacheSettings['fn'],
      folder: this.#results,
      ignored: (given.ignore ?? []).map((one) => ignoredBy(fn, one)),
      countsFrom: countsFrom(fn),
      version: given.version ?? null,
      bytes: bytes as number,
      age,
      compress,
    });
  }

  /** Removes results until the rest is within limits: the oldest, then those used longest ago. */
  async reduceSize(limits?: ReduceOptions): Promise<void> {
    const given = readOptions('limits', reduceOptions, limits);
    const folder = this.#results;
    if (folder === null) return;
    const { bytes = Infinity, age = Infinity, items = Infinity } = given;
    await removeBeyond(folder, { bytes: bytes as number, age, items });
  }

  /** Removes all results. */
  async clear(): Promise<void> {
    const folder = this.#results;
    if (folder !== null) await rm(folder, { recursive: true, force: true });
  }
}

/** Captures nothing but data and exports of modules, so that workers can have it. */
function cachedFunction<A extends readonly unknown[], R>(
  settings: CacheSettings,
): CachedFunction<A, R> {
  const cached = (...args: unknown[]) => callCached(settings, args);
  const { fn, version } = settings;
  return Object.assign(cached, {
    refresh: (...args: unknown[]) => callAnew(settings, args),
    checkCallInCache: (...args: unknown[]) => isCached(settings, args),
    clear: () => clearFunction(settings),
    [CACHED]: { fn, version },
  }) as unknown as CachedFunction<A, R>;
}

/** From which of its arguments on a function can tell one that is undefined from none. */
function countsFrom(fn: unknown): number {
  const text = functionText(fn as Callable);
  if (isNativeText(text) || /\barguments\b/.test(text)) return 0;
  const { names, rest } = readParameters(fn as Callable);
  return rest ? names.length - 1 : Number.POSITIVE_INFINITY;
}

function ignoredBy(fn: unknown, which: string | number): Ignored {
  const { names, rest } = readParameters(fn as Callable);
  const [name, ...members] = typeof which === 'string' ? which.split('.') : [];
  const index = typeof which === 'number' ? which : names.indexOf(name!);
  const known = rest || index < names.length;
  if (!Number.isSafeInteger(index) || index < 0 || !known || members.length > 1) {
    const list = names.map((one, i) => (one === null ? i : `'${one}'`)).join(', ');
    throw rangeError('ignore', which, `a parameter of the function: ${list || 'it has none'}`);
  }
  const isRest = rest && index === names.length - 1;
  return { index, rest: isRest && members.length === 0, member: members[0] ?? null };
}

/**
 * A cache of results in a folder, which any number of processes may use at once; joblib's `Memory`.
 *
 * @param folder - made when it is needed; null: nothing is kept, so that a program can do without
 * @throws TypeError or RangeError for options that make no sense
 * @example
 * ```ts
 * const square = memory('./cache').cache((x: number) => x ** 2);
 * await square(3); // computed
 * await square(3); // read
 * ```
 */
export function memory(folder: string | null, options: MemoryOptions = {}): Memory {
  const checked = readOptions('options', memoryOptions, options);
  return new Memory(folder === null ? null : checkFile('folder', folder), checked);
}
