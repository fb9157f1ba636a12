/**
 * The runtimes of this process as the native scan finds them.
 */
import { type NativeRuntime, native } from '../native.ts';
import type { ThreadpoolInfo } from './types.ts';

const pools = native.threadpools;

/** A library found by the native scan. */
export class NativePool {
  /** Its place in the native list. */
  readonly index: number;
  /** What doesn't change while the process lives. */
  readonly record: NativeRuntime;

  constructor(index: number, record: NativeRuntime) {
    this.index = index;
    this.record = record;
  }

  get userApi(): string {
    return this.record.userApi;
  }

  get prefix(): string {
    return this.record.prefix;
  }

  /** Everything, with the count that has been read. */
  info(numThreads: number): ThreadpoolInfo {
    const { record } = this;
    // These two choose their layer or backend at run time.
    const live = record.internalApi === 'flexiblas' || record.internalApi === 'mkl';
    const { userApi, internalApi, prefix, filepath, version, scope, root, ...rest } =
      (live && pools.describe(this.index)) || record;
    return { userApi, internalApi, prefix, filepath, version, numThreads, scope, ...rest };
  }
}

const known: NativePool[] = [];
const listeners: ((added: readonly NativePool[]) => void)[] = [];

/** Has `listener` called with the runtimes that a scan finds loaded since the one before. */
export function onNewRuntimes(listener: (added: readonly NativePool[]) => void): void {
  listeners.push(listener);
}

/** Two OpenMP runtimes of one family in a process: the one combination known to be fatal. */
function warnOfTwoOpenmps(): void {
  const openmps = known.filter((pool) => pool.userApi === 'openmp');
  const llvm = openmps.find((pool) => pool.prefix === 'libomp');
  const intel = openmps.find((pool) => pool.prefix === 'libiomp');
  if (!llvm || !intel || !pools.warnOnce()) return;
  process.emitWarning(
    "LLVM's and Intel's OpenMP are both loaded: their threads get in each other's way, and " +
      'programs that use both may stop with an error or hang. Use builds that share one of them: ' +
      `take out the package that brings ${llvm.record.filepath} or the one that brings ` +
      `${intel.record.filepath}, or load one in place of the other with LD_PRELOAD.`,
    { code: 'HEDDLE_TWO_OPENMP_RUNTIMES' },
  );
}

/** The runtimes that are loaded now. Costs next to nothing where none was loaded since. */
export function loadedRuntimes(): readonly NativePool[] {
  const count = pools.scan();
  if (count > known.length) {
    const added: NativePool[] = [];
    for (let index = known.length; index < count; index++) {
      const record = pools.describe(index);
      if (record) added.push(new NativePool(index, record));
    }
    known.push(...added);
    warnOfTwoOpenmps();
    for (const listener of listeners) listener(added);
  }
  return known;
}
