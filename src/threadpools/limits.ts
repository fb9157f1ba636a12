/**
 * Limits that are in force: leases, and how they are given back.
 */
import { native } from '../native.ts';
import { type Assignment, assignment, type Pool, type Rule } from './assignment.ts';
import { CustomRuntime, customRuntimes } from './custom.ts';
import { loadedRuntimes, NativePool, onNewRuntimes } from './runtimes.ts';
import type { LimitOptions, Limits } from './types.ts';

const pools = native.threadpools;
const { slots } = pools;

/** The pools of this moment: those found loaded, and those registered. */
export function allPools(): readonly Pool[] {
  const found = loadedRuntimes();
  const registered = customRuntimes();
  return registered.length === 0 ? found : [...found, ...registered];
}

/** Writes what a rule says of the native pools into the slots; returns how many it concerns. */
function writePairs(targets: readonly Pool[], rule: Rule): number {
  let pairs = 0;
  for (const pool of targets) {
    const threads = pool instanceof NativePool ? rule(pool) : undefined;
    if (threads === undefined) continue;
    slots[2 * pairs] = (pool as NativePool).index;
    slots[2 * pairs + 1] = threads;
    pairs++;
  }
  return pairs;
}

/** Leases that also take in runtimes which are loaded while they live. */
const standing = new Map<number, Rule>();

onNewRuntimes((added) => {
  for (const [lease, rule] of standing) {
    const pairs = writePairs(added, rule);
    if (pairs > 0) pools.extend(lease, pairs);
  }
});

/** Opens a native lease; `isDefault` marks one that yields to every limit. */
export function openLease(
  targets: readonly Pool[],
  meaning: Assignment,
  options: { standing: boolean; isDefault: boolean },
): number {
  const pairs = writePairs(targets, meaning.rule);
  const lease = pools.open(pairs, meaning.blas, meaning.openmp, options.isDefault);
  if (options.standing) standing.set(lease, meaning.rule);
  return lease;
}

/** Ends a native lease. */
export function closeLease(lease: number): void {
  standing.delete(lease);
  pools.close(lease);
}

/**
 * A limit in force, until it is restored: by `restore()`, or by leaving a scope with
 * `using limits = threadpoolLimits(…)`.
 *
 * Limits may end in any order. What holds for a process-wide runtime is the smallest limit that
 * lives, opened by whichever thread; for a per-thread one, the last that was opened on the thread.
 */
export class ThreadpoolLimits implements Disposable {
  readonly #lease: number;
  readonly #custom: readonly CustomRuntime[];
  readonly #targets: readonly Pool[];
  readonly #before: readonly number[];
  #live = true;

  /** @internal */
  constructor(targets: readonly Pool[], meaning: Assignment, isStanding: boolean) {
    this.#targets = targets;
    this.#before = countsOf(targets);
    this.#lease = openLease(targets, meaning, { standing: isStanding, isDefault: false });
    let custom: CustomRuntime[] | undefined;
    for (const pool of targets) {
      if (!(pool instanceof CustomRuntime)) continue;
      const threads = meaning.rule(pool);
      if (threads === undefined) continue;
      pool.open(this.#lease, threads);
      custom ??= [];
      custom.push(pool);
    }
    this.#custom = custom ?? NONE;
  }

  /**
   * The numbers before this limit was opened, by user API; where the runtimes of one had different
   * numbers, the smallest, with a warning.
   */
  originalNumThreads(): Record<string, number> {
    const originals: Record<string, number> = {};
    const mixed = new Set<string>();
    for (const [index, { userApi }] of this.#targets.entries()) {
      const threads = this.#before[index] ?? 0;
      const other = originals[userApi];
      if (other !== undefined && other !== threads) mixed.add(userApi);
      originals[userApi] = Math.min(other ?? threads, threads);
    }
    if (mixed.size > 0) {
      process.emitWarning(
        `heddle: the runtimes of ${[...mixed].join(', ')} had different numbers of threads; ` +
          'originalNumThreads() tells the smallest. The numbers of each are in threadpoolInfo().',
        { code: 'HEDDLE_SEVERAL_ORIGINALS' },
      );
    }
    return originals;
  }

  /**
   * Settles when controllers with an asynchronous setter have taken what was asked of them. All
   * others have when the limit is opened, and again when it is restored.
   */
  get ready(): Promise<void> {
    return Promise.all(this.#custom.map((runtime) => runtime.pending)).then(() => undefined);
  }

  /** Gives the limit back. A second call does nothing. */
  restore(): void {
    if (!this.#live) return;
    this.#live = false;
    closeLease(this.#lease);
    for (const runtime of this.#custom) runtime.close(this.#lease);
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}

const NONE: readonly CustomRuntime[] = [];

/** The counts of pools now. */
export function countsOf(targets: readonly Pool[]): number[] {
  pools.counts();
  const counts: number[] = [];
  for (const pool of targets) {
    counts.push(pool instanceof NativePool ? (slots[pool.index] ?? 0) : pool.threads());
  }
  return counts;
}

/**
 * Limits the threads of the runtimes in this process, at once and until the result is restored.
 *
 * Limits by number and by user API also hold for runtimes that are loaded while they live, as of
 * the next look at the loaded libraries (any function of this module), and for Heddle's own
 * operations started on this thread, wherever these run.
 *
 * @param limits - see {@link Limits}
 * @param options - `userApi`: the one user API that a number is meant for
 * @returns the limit, to be restored by hand or by `using`
 * @throws RangeError for a number that makes no sense, and for a key that is neither a user API
 *   nor the prefix of a loaded library (the message lists what is loaded); TypeError for a value
 *   of the wrong kind
 *
 * @example
 * ```ts
 * {
 *   using limits = threadpoolLimits({ blas: 1 });
 *   addonThatCallsBlas();
 * } // as before
 * ```
 */
export function threadpoolLimits(limits: Limits, options: LimitOptions = {}): ThreadpoolLimits {
  const targets = [...allPools()];
  return new ThreadpoolLimits(targets, assignment(limits, targets, options), true);
}
