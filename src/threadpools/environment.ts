/**
 * The environment variables by which thread pools take their size when a process starts.
 *
 * One table: the processes backend starts its workers with it, the knobs look in it for what the
 * user has set, and the documentation shows it.
 */
import { rangeError } from '../errors.ts';
import type { Environment } from '../machine/index.ts';
import { isUnreadable, MARK, particularVariables, setByUser, wouldOverrule } from './variables.ts';

/** A variable that sets the size of a pool. */
export interface ThreadVariable {
  readonly name: string;
  /** The pool that reads it. */
  readonly pool: string;
  /** The `internalApi`s of runtimes that it sets, where {@link threadpoolInfo} knows them. */
  readonly internalApis?: readonly string[];
}

/** Every variable that {@link threadEnvironment} sets. */
export const threadVariables: readonly ThreadVariable[] = [
  {
    name: 'OMP_NUM_THREADS',
    pool: 'OpenMP (libgomp, libomp, libiomp5, vcomp)',
    internalApis: ['openmp'],
  },
  { name: 'OPENBLAS_NUM_THREADS', pool: 'OpenBLAS', internalApis: ['openblas'] },
  { name: 'GOTO_NUM_THREADS', pool: 'OpenBLAS, older name', internalApis: ['openblas'] },
  { name: 'MKL_NUM_THREADS', pool: 'Intel MKL', internalApis: ['mkl'] },
  { name: 'BLIS_NUM_THREADS', pool: 'BLIS', internalApis: ['blis'] },
  { name: 'VECLIB_MAXIMUM_THREADS', pool: 'Accelerate (macOS)' },
  { name: 'NUMEXPR_NUM_THREADS', pool: 'numexpr' },
  { name: 'NUMBA_NUM_THREADS', pool: 'numba' },
  { name: 'RAYON_NUM_THREADS', pool: 'rayon: addons written in Rust' },
  { name: 'POLARS_MAX_THREADS', pool: 'polars' },
  { name: 'TBB_NUM_THREADS', pool: 'oneTBB, where a program asks for it' },
  { name: 'TF_NUM_INTRAOP_THREADS', pool: 'TensorFlow, inside an operation' },
  { name: 'TF_NUM_INTEROP_THREADS', pool: 'TensorFlow, between operations' },
  { name: 'UV_THREADPOOL_SIZE', pool: "libuv: Node's fs, dns, crypto and most addons" },
  {
    name: 'VIPS_CONCURRENCY',
    pool: 'libvips (ignored by builds of sharp for glibc)',
    internalApis: ['vips'],
  },
  { name: 'OPENCV_FOR_THREADS_NUM', pool: 'OpenCV' },
  { name: 'GDAL_NUM_THREADS', pool: 'GDAL' },
  { name: 'JULIA_NUM_THREADS', pool: 'Julia' },
  { name: 'GOMAXPROCS', pool: 'Go' },
];

/**
 * An environment with other variables than it has, all of which count as set by the user.
 *
 * @param changes - variables; one that is undefined is taken away
 * @param env - what they are laid over
 */
export function changedEnvironment(
  changes: Environment,
  env: Environment = process.env,
): Record<string, string | undefined> {
  const changed: Record<string, string | undefined> = { ...env, ...changes };
  for (const name of Object.keys(changes)) if (changes[name] === undefined) delete changed[name];
  const set = env[MARK]?.split(',').filter((name) => !Object.hasOwn(changes, name));
  if (set && !Object.hasOwn(changes, MARK)) changed[MARK] = set.join(',');
  return changed;
}

/**
 * The variables that a child process needs so that every pool in it takes `threads` threads.
 *
 * Variables that the user has set (to something that can be read) are left out, and so are those by which a library would no longer
 * see what the user has set (OpenBLAS reads OPENBLAS_NUM_THREADS before OMP_NUM_THREADS), so that
 * `spawn(command, { env: { ...process.env, ...threadEnvironment(2) } })` keeps what they say.
 *
 * @param threads - threads per pool, at least 1
 * @param env - the environment that the result will be laid over
 * @throws RangeError if `threads` is no positive whole number
 */
export function threadEnvironment(
  threads: number,
  env: Environment = process.env,
): Record<string, string> {
  const isFree = (name: string) => !setByUser(name, env) || isUnreadable(name, env);
  return environmentOf(threads, (name) => isFree(name) && !wouldOverrule(name, env));
}

/**
 * The environment of a child process in which every pool that computes takes `threads` threads,
 * whatever the user has set: for a number that somebody has asked for.
 *
 * @param threads - threads per pool, at least 1
 * @param env - the environment that the child would have without it
 */
export function forcedThreadEnvironment(
  threads: number,
  env: Environment = process.env,
): Record<string, string | undefined> {
  const rest: Record<string, string | undefined> = { ...env };
  // Read before those that are set now: they would rule.
  for (const name of particularVariables) delete rest[name];
  // libuv's threads wait for files more than they compute: a number of them is no such wish.
  const isFree = (name: string) => name !== 'UV_THREADPOOL_SIZE' || !setByUser(name, env);
  return { ...rest, ...environmentOf(threads, isFree) };
}

function environmentOf(threads: number, isFree: (name: string) => boolean): Record<string, string> {
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw rangeError('threads', threads, 'a whole number of at least 1');
  }
  const free = threadVariables.map(({ name }) => name).filter(isFree);
  const result: Record<string, string> = {};
  for (const name of free) result[name] = String(threads);
  result[MARK] = free.join(',');
  return result;
}
