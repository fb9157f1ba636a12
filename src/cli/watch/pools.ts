/**
 * The pools that are met in Node processes: how their threads are recognised, and by what setting
 * each is made smaller.
 */

/** A pool of threads. */
export interface PoolKind {
  readonly name: string;
  /** What the system calls its threads, where the pool names them. */
  readonly threadNames?: RegExp;
  /** The file in which its threads begin. */
  readonly files?: RegExp;
  /** The function of the node program in which its threads begin. */
  readonly functions?: RegExp;
  /** The setting that gives it `n` threads. */
  remedy?(n: number): string;
}

/** The main thread of a process: runs JavaScript. */
export const MAIN = 'main thread';
/** Threads of `node:worker_threads`, Heddle's thread workers among them. */
export const WORKERS = 'worker_threads';
/** Threads that begin nowhere known. */
export const UNKNOWN = 'not recognised';

/** All pools that can be told apart; the first that fits is taken. */
export const poolKinds: readonly PoolKind[] = [
  { name: 'heddle', threadNames: /^heddle/, files: /^heddle.*\.node$|^node\.napi.*heddle/ },
  {
    name: 'OpenBLAS',
    files: /openblas/i,
    remedy: (n) =>
      `OPENBLAS_NUM_THREADS=${n} before the start, or threadpoolLimits({ blas: ${n} }) in it`,
  },
  {
    name: 'MKL',
    files: /^libmkl/,
    remedy: (n) => `MKL_NUM_THREADS=${n} before the start, or threadpoolLimits({ blas: ${n} })`,
  },
  {
    name: 'BLIS',
    files: /^libblis/,
    remedy: (n) => `BLIS_NUM_THREADS=${n} before the start, or threadpoolLimits({ blas: ${n} })`,
  },
  {
    name: 'libgomp',
    files: /^libgomp/,
    remedy: (n) =>
      `OMP_NUM_THREADS=${n} before the start (and OMP_WAIT_POLICY=passive, which keeps idle ` +
      `teams from spinning), or threadpoolLimits({ openmp: ${n} }) on the thread that uses it`,
  },
  {
    name: 'libomp',
    files: /^lib(omp|iomp)/,
    remedy: (n) =>
      `OMP_NUM_THREADS=${n} before the start (and KMP_BLOCKTIME=0, which keeps idle teams from ` +
      `spinning), or threadpoolLimits({ openmp: ${n} }) on the thread that uses it`,
  },
  {
    name: 'vips',
    threadNames: /^(vips|worker$)/,
    files: /^libvips|^sharp/,
    remedy: (n) => `sharp.concurrency(${n}), or threadpoolLimits({ image: ${n} })`,
  },
  {
    name: 'polars',
    threadNames: /^polars/,
    files: /polars/,
    remedy: (n) => `POLARS_MAX_THREADS=${n} before the start`,
  },
  { name: 'tokio', threadNames: /^tokio/, remedy: (n) => `TOKIO_WORKER_THREADS=${n}` },
  {
    name: 'onnxruntime',
    files: /onnxruntime/,
    remedy: (n) => `the session option intraOpNumThreads: ${n} (and interOpNumThreads)`,
  },
  {
    name: 'DuckDB',
    files: /duckdb/,
    remedy: (n) => `the statement SET threads = ${n}`,
  },
  { name: 'TensorFlow', files: /tensorflow/, remedy: (n) => `TF_NUM_INTRAOP_THREADS=${n}` },
  { name: 'llama.cpp', files: /llama|ggml/, remedy: (n) => `the option threads: ${n}` },
  { name: 'TBB', files: /^libtbb/, remedy: (n) => `TBB_NUM_THREADS=${n} or its global_control` },
  { name: 'glib', threadNames: /^(pool-|gmain|gdbus)/, files: /^libglib/ },
  {
    name: 'V8',
    threadNames: /^(V8Worker|DelayedTask|V8 ?Default)/,
    functions: /PlatformWorkerThread|DelayedTaskScheduler|V8.*[Ww]orker/,
    remedy: (n) => `node --v8-pool-size=${n}`,
  },
  {
    name: 'libuv',
    threadNames: /^(libuv-worker|iou-)/,
    functions: /^(worker|uv__?(thread|worker).*)$/,
    remedy: (n) => `UV_THREADPOOL_SIZE=${n} before the start`,
  },
  {
    name: WORKERS,
    threadNames: /^(WorkerThread|node-worker)/,
    functions: /node6worker6Worker11StartThread/,
    remedy: (n) => `${n} worker threads: jobs: ${n}, or HEDDLE_NUM_THREADS=${n}`,
  },
  { name: 'inspector', threadNames: /^(SignalInspector|InspectorIo)/, functions: /inspector/i },
  {
    name: 'rayon',
    threadNames: /^rayon/,
    remedy: (n) => `RAYON_NUM_THREADS=${n} before the start`,
  },
];

/** The setting for a pool that has no entry of its own: an addon, by its file. */
export function remedyOf(pool: string, n: number): string {
  const kind = poolKinds.find((one) => one.name === pool);
  if (pool === UNKNOWN) return `the pools of this program to ${n} each`;
  if (kind) return kind.remedy?.(n) ?? `no setting is known; it should take ${n}`;
  return (
    `${pool} has threads of its own; look up its setting (RAYON_NUM_THREADS=${n} if it is ` +
    'written in Rust)'
  );
}
