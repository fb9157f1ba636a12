/**
 * What is known of the thread pools of this process, and how limits on them are written.
 */
/** A runtime that is loaded into this process and keeps threads of its own. */
export interface ThreadpoolInfo {
  /** What it is used through: 'blas', 'openmp', 'image', or a registered controller's own. */
  readonly userApi: string;
  /** Which library it is: 'openblas', 'mkl', 'blis', 'flexiblas', 'openmp', 'vips', … */
  readonly internalApi: string;
  /** The beginning of its file's name by which it was recognised. */
  readonly prefix: string;
  /** Its file, with symbolic links resolved. */
  readonly filepath: string;
  /** null where the library doesn't tell. */
  readonly version: string | null;
  /** Its threads, read at this moment; of a per-thread runtime, those of the calling thread. */
  readonly numThreads: number;
  /** Whether the number belongs to the process or to each calling thread. */
  readonly scope: 'process' | 'thread';
  /** What a BLAS makes its threads with: 'pthreads', 'openmp', 'disabled', 'intel', … */
  readonly threadingLayer?: string;
  /** The kind of processor that a BLAS has chosen its kernels for. */
  readonly architecture?: string;
  /** FlexiBLAS: the backends that its configuration names. */
  readonly availableBackends?: readonly string[];
  /** FlexiBLAS: the backends that are loaded. */
  readonly loadedBackends?: readonly string[];
  /** FlexiBLAS: the backend in use. */
  readonly currentBackend?: string;
}

/** What a controller is to a limit: something that tells the numbers of its runtimes. */
export interface InfoSource {
  info(): readonly ThreadpoolInfo[];
}

/**
 * Limits on threads:
 *
 * - a number: for every runtime (or every one of the option `userApi`);
 * - a record by user API ('blas', 'openmp', 'image', …) or by prefix ('libopenblas', …); where
 *   both fit a runtime, the prefix wins;
 * - a list from `threadpoolInfo`, or a controller: the numbers that stand there;
 * - `'sequential_blas_under_openmp'`: BLAS on one thread, for code that calls it from an OpenMP
 *   region; an OpenBLAS built on OpenMP sees to that itself and is left alone;
 * - null: no change.
 */
export type Limits =
  | number
  | null
  | { readonly [userApiOrPrefix: string]: number }
  | readonly ThreadpoolInfo[]
  | InfoSource
  | 'sequential_blas_under_openmp';

/** Options of a limit. */
export interface LimitOptions {
  /** The one user API that a number is meant for. */
  userApi?: string | undefined;
}

/** What `ThreadpoolController.select` looks for: runtimes that match any of the keys. */
export interface ThreadpoolQuery {
  userApi?: string | readonly string[] | undefined;
  internalApi?: string | readonly string[] | undefined;
  prefix?: string | readonly string[] | undefined;
  filepath?: string | readonly string[] | undefined;
}

/** A pool that Heddle doesn't know, made known by `registerController`. */
export interface LibraryController {
  /** The name by which limits mean it: an own one such as 'database', or 'blas', 'image', … */
  readonly userApi: string;
  /** Which library it is. */
  readonly internalApi: string;
  /** A second name by which limits may mean it; default: `internalApi`. */
  readonly prefix?: string;
  /** Its file, if it has one. */
  readonly filepath?: string;
  /** Its version, or a function that tells it. */
  readonly version?: string | null | (() => string | null);
  /** Whether its number belongs to the process (the default) or to this thread. */
  readonly scope?: 'process' | 'thread';
  /** Tells its threads now. */
  getNumThreads(): number;
  /** Sets its threads. May return a Promise: see `ThreadpoolLimits.ready`. */
  setNumThreads(threads: number): void | Promise<void>;
  /** More to show in `threadpoolInfo`. */
  details?(): Record<string, unknown>;
}
