/**
 * What a limit means: which runtime gets how many threads.
 */
import os from 'node:os';
import { rangeError, typeError } from '../errors.ts';
import type { CustomRuntime } from './custom.ts';
import type { NativePool } from './runtimes.ts';
import type { InfoSource, LimitOptions, Limits, ThreadpoolInfo } from './types.ts';

/** Anything that limits act on. */
export type Pool = NativePool | CustomRuntime;

/** User APIs that are known whether or not a runtime of theirs is loaded. */
export const USER_APIS: readonly string[] = ['blas', 'openmp', 'image'];

/**
 * A number above this is taken for a mistake: runtimes make as many threads as they are told, at
 * once and up to the limit of their build.
 */
const MAX_THREADS = Math.max(256, 4 * os.availableParallelism());

/** Tells the threads of a pool, undefined where the limit doesn't concern it. */
export type Rule = (pool: Pool) => number | undefined;

/** The meaning of a limit. */
export interface Assignment {
  readonly rule: Rule;
  /** Limits that hold for whole APIs, also for runtimes that come later; 0 for none. */
  readonly blas: number;
  readonly openmp: number;
}

function isThreads(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_THREADS;
}

function badThreads(name: string, value: unknown): Error {
  const right = `a whole number from 1 to ${MAX_THREADS}`;
  return typeof value === 'number' ? rangeError(name, value, right) : typeError(name, value, right);
}

function listOf(pools: readonly Pool[]): string {
  if (pools.length === 0) return 'nothing is loaded';
  const names = pools.map((pool) => {
    const file = 'record' in pool ? pool.record.filepath : pool.controller.filepath;
    return `${pool.prefix} (${pool.userApi}${file ? `, ${file}` : ''})`;
  });
  return `loaded: ${names.join(', ')}`;
}

function userApis(pools: readonly Pool[]): Set<string> {
  return new Set([...USER_APIS, ...pools.map((pool) => pool.userApi)]);
}

function checkUserApi(name: string, userApi: unknown, pools: readonly Pool[]): string {
  const apis = userApis(pools);
  if (typeof userApi === 'string' && apis.has(userApi)) return userApi;
  throw rangeError(name, userApi, `one of ${[...apis].join(', ')} (${listOf(pools)})`);
}

function byNumber(threads: number, pools: readonly Pool[], options: LimitOptions): Assignment {
  if (!isThreads(threads)) throw badThreads('limits', threads);
  if (options.userApi === undefined) return { rule: () => threads, blas: threads, openmp: threads };
  const api = checkUserApi('userApi', options.userApi, pools);
  return {
    rule: (pool) => (pool.userApi === api ? threads : undefined),
    blas: api === 'blas' ? threads : 0,
    openmp: api === 'openmp' ? threads : 0,
  };
}

function byName(limits: Readonly<Record<string, number>>, pools: readonly Pool[]): Assignment {
  for (const key in limits) {
    if (!isThreads(limits[key])) throw badThreads(`limits.${key}`, limits[key]);
    if (USER_APIS.includes(key)) continue;
    if (pools.some((pool) => pool.userApi === key || pool.prefix === key)) continue;
    throw rangeError(
      'limits',
      limits,
      `a record whose keys are user APIs (${[...userApis(pools)].join(', ')}) or prefixes of ` +
        `loaded libraries, which '${key}' is not (${listOf(pools)})`,
    );
  }
  return {
    rule: (pool) => limits[pool.prefix] ?? limits[pool.userApi],
    blas: limits.blas ?? 0,
    openmp: limits.openmp ?? 0,
  };
}

function byInfo(infos: readonly ThreadpoolInfo[], pools: readonly Pool[]): Assignment {
  const find = (info: ThreadpoolInfo) =>
    pools.find((pool) => {
      const other = 'record' in pool ? pool.record : pool.controller;
      return (
        pool.userApi === info.userApi &&
        pool.prefix === info.prefix &&
        (other.filepath ?? '') === info.filepath
      );
    });
  const threads = new Map<Pool, number>();
  for (const [index, info] of infos.entries()) {
    if (info === null || typeof info !== 'object') {
      throw typeError(`limits[${index}]`, info, 'a record that threadpoolInfo() gave');
    }
    const pool = find(info);
    if (!pool) {
      throw rangeError(`limits[${index}]`, info, `a runtime that is loaded (${listOf(pools)})`);
    }
    if (!isThreads(info.numThreads)) {
      throw badThreads(`limits[${index}].numThreads`, info.numThreads);
    }
    threads.set(pool, info.numThreads);
  }
  return { rule: (pool) => threads.get(pool), blas: 0, openmp: 0 };
}

function isList(limits: Limits): limits is readonly ThreadpoolInfo[] {
  return Array.isArray(limits);
}

function hasInfo(limits: object): limits is InfoSource {
  return 'info' in limits && typeof limits.info === 'function';
}

/** An OpenBLAS built on OpenMP runs on one thread inside a region by itself. */
function minds(pool: Pool): boolean {
  return (
    'record' in pool &&
    pool.record.internalApi === 'openblas' &&
    pool.record.threadingLayer === 'openmp'
  );
}

/**
 * Works out what limits mean for the given pools.
 *
 * @throws TypeError or RangeError for limits that make no sense: nothing is silently ignored
 */
export function assignment(
  limits: Limits,
  pools: readonly Pool[],
  options: LimitOptions = {},
): Assignment {
  if (typeof limits === 'number') return byNumber(limits, pools, options);
  if (options.userApi !== undefined) {
    checkUserApi('userApi', options.userApi, pools);
    if (limits !== null) {
      throw typeError('limits', limits, "a number where the option 'userApi' is given");
    }
  }
  if (limits === null) return { rule: () => undefined, blas: 0, openmp: 0 };
  if (limits === 'sequential_blas_under_openmp') {
    const all = pools.filter((pool) => pool.userApi === 'blas');
    return {
      rule: (pool) => (pool.userApi === 'blas' && !minds(pool) ? 1 : undefined),
      blas: all.length > 0 && all.every(minds) ? 0 : 1,
      openmp: 0,
    };
  }
  if (isList(limits)) return byInfo(limits, pools);
  if (typeof limits === 'object') {
    return hasInfo(limits) ? byInfo(limits.info(), pools) : byName(limits, pools);
  }
  throw typeError(
    'limits',
    limits,
    'a number, a record by user API or prefix, a list from threadpoolInfo(), a controller, null ' +
      "or 'sequential_blas_under_openmp'",
  );
}
