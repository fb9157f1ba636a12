/**
 * A set of runtimes, held to be asked and limited again and again.
 */
import { rangeError, typeError } from '../errors.ts';
import { type Assignment, assignment, type Pool } from './assignment.ts';
import { allPools, countsOf, ThreadpoolLimits } from './limits.ts';
import { NativePool } from './runtimes.ts';
import type { LimitOptions, Limits, ThreadpoolInfo, ThreadpoolQuery } from './types.ts';

const QUERY_KEYS = ['userApi', 'internalApi', 'prefix', 'filepath'] as const;

/** A limit that holds for a part of the runtimes says nothing on those that are no part of it. */
function onlyFor(targets: readonly Pool[], meaning: Assignment): Assignment {
  const smallest = (api: string) => {
    let limit = 0;
    for (const pool of targets) {
      // Process-wide counts bind Heddle's operations by themselves.
      if (pool.userApi !== api || !(pool instanceof NativePool) || pool.record.scope !== 'thread') {
        continue;
      }
      const threads = meaning.rule(pool) ?? 0;
      if (threads !== 0 && (limit === 0 || threads < limit)) limit = threads;
    }
    return limit;
  };
  return { rule: meaning.rule, blas: smallest('blas'), openmp: smallest('openmp') };
}

/** Describes pools, with their numbers of this moment. */
export function infosOf(targets: readonly Pool[]): ThreadpoolInfo[] {
  const counts = countsOf(targets);
  return targets.map((pool, index) =>
    pool instanceof NativePool ? pool.info(counts[index] ?? 0) : pool.info(),
  );
}

/**
 * The runtimes that are loaded when it is made, or a selection of them. Making one looks through
 * the loaded libraries; its methods don't, which makes them fast.
 */
export class ThreadpoolController {
  readonly #pools: readonly Pool[];
  readonly #whole: boolean;

  constructor();
  /** @internal */
  constructor(pools: readonly Pool[]);
  constructor(pools?: readonly Pool[]) {
    this.#pools = pools ?? [...allPools()];
    this.#whole = pools === undefined;
  }

  /** How many runtimes there are. */
  get length(): number {
    return this.#pools.length;
  }

  /** Describes the runtimes, with their numbers of this moment. */
  info(): ThreadpoolInfo[] {
    return infosOf(this.#pools);
  }

  /**
   * The runtimes that match any of the keys of the query.
   *
   * @throws TypeError or RangeError for a query with an unknown key or with values that are no text
   */
  select(query: ThreadpoolQuery): ThreadpoolController {
    if (query === null || typeof query !== 'object') throw typeError('query', query, 'an object');
    const wanted = new Map<string, readonly string[]>();
    for (const [key, value] of Object.entries(query)) {
      if (!QUERY_KEYS.includes(key as (typeof QUERY_KEYS)[number])) {
        throw rangeError('query', query, `an object whose keys are ${QUERY_KEYS.join(', ')}`);
      }
      if (value === undefined) continue;
      const values: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (!values.every((one) => typeof one === 'string')) {
        throw typeError(`query.${key}`, value, 'a text or a list of texts');
      }
      wanted.set(key, values as readonly string[]);
    }
    const infos = this.info();
    const chosen = this.#pools.filter((_, index) =>
      QUERY_KEYS.some((key) => {
        const value = infos[index]?.[key];
        return value !== undefined && wanted.get(key)?.includes(value);
      }),
    );
    return new ThreadpoolController(chosen);
  }

  /**
   * Limits these runtimes, at once and until the result is restored. As `threadpoolLimits`, but
   * for the runtimes of this controller only.
   */
  limit(limits: Limits, options?: LimitOptions): ThreadpoolLimits {
    const meaning = assignment(limits, this.#pools, options);
    const own = this.#whole ? meaning : onlyFor(this.#pools, meaning);
    return new ThreadpoolLimits(this.#pools, own, false);
  }

  /**
   * A function that calls `fn` under a limit, which ends when `fn` returns or throws; if it returns
   * a Promise, when that settles.
   *
   * @throws at once what {@link limit} would throw
   */
  wrap<This, A extends readonly unknown[], R>(
    limits: Limits,
    fn: (this: This, ...args: A) => R,
    options?: LimitOptions,
  ): (this: This, ...args: A) => R {
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    assignment(limits, this.#pools, options);
    const open = () => this.limit(limits, options);
    return function wrapped(this: This, ...args: A): R {
      const limit = open();
      let result: R;
      try {
        result = fn.apply(this, args as unknown as unknown[] & A);
      } catch (error) {
        limit.restore();
        throw error;
      }
      if (isThenable(result)) {
        return Promise.resolve(result).finally(() => limit.restore()) as R;
      }
      limit.restore();
      return result;
    };
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
