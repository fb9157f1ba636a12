/**
 * Loads the addon; the only file that knows its raw shape.
 *
 * Every size that passes here is checked by the caller in TypeScript and again at the boundary in
 * C++. Functions here are not for users: each floor wraps its own module.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The BLAS library in use. */
export interface NativeBlas {
  /** What it is; opens one if none is open. Throws where none can be had. */
  info(): {
    library: 'openblas' | 'blis' | 'mkl' | 'flexiblas' | 'accelerate' | 'reference';
    version: string;
    file: string;
    lapackFile: string;
    integers: 'lp64' | 'ilp64';
    prefix: string;
    suffix: string;
    threading: string;
    architecture: string;
    chosenBy: '' | 'library' | 'features' | 'OPENBLAS_CORETYPE';
    threads: number;
    scope: 'process' | 'thread';
    forkSafe: boolean;
  };
  /** Opens another one and uses it from the next operation on; waits for those in flight. */
  use(path: string): void;
  /**
   * The OPENBLAS_CORETYPE for a processor with these features (bits of `native/blas/kernels.h`, bytes
   * of an SVE vector), or null; with `own`, null too where the library's own choice is as good.
   */
  chooseCore(bits: number, sveBytes: number, own?: string): string | null;
  /** The bits of this processor. */
  processorFeatures(): number;
  /**
   * How it reads variables for its threads: 0 not at all, 1 as OpenBLAS, 2 as OpenBLAS built on
   * OpenMP, 3 as BLIS, 4 as MKL, 5 as Accelerate. Opens one if none is open; 0 where none can be had.
   */
  variableReader(): number;
}

/** The compute executor of the process, which all its environments share. */
export interface NativeExecutor {
  /** Sets the core budget if one is given, and returns it. */
  budget(cores?: number): number;
  /** Gives up a queued operation of this environment by its id. */
  cancel(id: number): void;
  /**
   * What the operations of this environment's thread have had of the cores since the last call: start, end (ms of
   * `process.hrtime()`) and cores of each span in which it was the same; 0 cores while one waited for some.
   */
  coreSpans(): number[] | undefined;
  /** Whether a queued operation keeps the bytes of its buffers, though these are transferred. */
  readonly holdsBytes: boolean;
  /** Whether writing to one typed array can change the other, whatever buffers they lie in. */
  overlap(written: ArrayBufferView, read: ArrayBufferView): boolean;
  /** Sees to it that the pages of a new large buffer cost little; its content stays. */
  prepareResult(buffer: ArrayBuffer): void;
  /** What it is doing; `resetPeak` starts the record of the most cores used at once anew. */
  stats(resetPeak?: boolean): {
    budget: number;
    busy: number;
    peak: number;
    threads: number;
    queued: number;
    running: number;
    wide: number;
    narrow: number;
  };
}

/**
 * A linear-algebra operation. Its numbers are in {@link NativeLinalg.frame}, its buffers are
 * arguments. Returns its outcome (LAPACK's `info`) or, queued, a Promise of it.
 */
export type NativeOperation = (...buffers: unknown[]) => number | Promise<number>;

/** Linear algebra; `native/linalg` says before each operation what it reads from the frame. */
export interface NativeLinalg {
  /** The numbers of a call: the header (src/arrays/call.ts), then those of the operation. */
  readonly frame: Float64Array;
  readonly matmul: NativeOperation;
  readonly matmulStack: NativeOperation;
  readonly gram: NativeOperation;
  readonly trsm: NativeOperation;
  readonly dot: NativeOperation;
  readonly axpy: NativeOperation;
  readonly scale: NativeOperation;
  readonly cholesky: NativeOperation;
  readonly solve: NativeOperation;
  readonly lu: NativeOperation;
  readonly luFactor: NativeOperation;
  readonly luSolve: NativeOperation;
  readonly inv: NativeOperation;
  readonly det: NativeOperation;
  readonly qr: NativeOperation;
  readonly lstsq: NativeOperation;
  readonly svd: NativeOperation;
  readonly svdValues: NativeOperation;
  readonly pinv: NativeOperation;
  readonly eigh: NativeOperation;
  readonly eig: NativeOperation;
  readonly norm: NativeOperation;
  readonly cond: NativeOperation;
  /**
   * Which kernels stacks of small matrices have; with a name, which they shall have (undefined where
   * they can't run). For tests.
   */
  lanes(name?: 'baseline' | 'avx2' | 'avx512' | 'none'): string | undefined;
}

/** Sizes of real teams, opened on the calling thread. */
export interface NativeOpenmp {
  /** What teams run on: an OpenMP runtime or, where none can be opened, threads of the addon's own. */
  kind(): 'openmp' | 'own';
  /** Opens a region of `threads` (default: as many as a team has of which none are asked) and returns how many ran. */
  teamSize(threads?: number): number;
  /** The largest team a region nested in one of `outer` threads gets. */
  nestedTeamSize(outer: number): number;
}

/** A segment that this process holds; opaque. */
export type NativeSegment = { readonly __segment: unique symbol };

/**
 * What a segment is filled for: one receiver; one message after another, by a mapping that is kept;
 * or for long.
 */
export type SegmentUse = 'once' | 'repeated' | 'lasting';

/** By what another thread or process opens a segment, while its holder holds it. */
export interface NativeHandle {
  readonly locator: string;
  readonly inode: number;
  readonly bytes: number;
  /** How often the memory was used anew; a handle of an older use opens nothing. */
  readonly generation: number;
}

/** Shared segments and mapped files. */
export interface NativeMemory {
  create(bytes: number): NativeSegment;
  open(locator: string, inode: number, bytes: number, generation: number): NativeSegment;
  handle(segment: NativeSegment): NativeHandle;
  /** How many receivers have opened this generation. */
  opened(segment: NativeSegment): number;
  /** Says that a receiver has opened this generation, and mapped it if it means to. */
  markOpened(segment: NativeSegment): void;
  /** How many live mappings there are in all processes. */
  mappings(segment: NativeSegment): number;
  /** Begins a generation. */
  renew(segment: NativeSegment): void;
  /** Copies the bytes to its start. `threads`: the most that may copy. */
  write(segment: NativeSegment, bytes: Uint8Array, use: SegmentUse, threads: number): void;
  /** 'private' is copy-on-write; 'lent' that too, for one message. */
  map(segment: NativeSegment, use: 'shared' | 'private' | 'lent'): ArrayBuffer;
  /** How many lent buffers of this thread are still mapped. */
  lent(): number;
  /** Whether a private mapping still shows the segment everywhere; false where nobody can tell. */
  isUnwritten(buffer: ArrayBuffer): boolean;
  release(segment: NativeSegment): void;
  list(): { inode: number; bytes: number; created: boolean; mappings: number }[];
  mapFile(
    path: string,
    offset: number,
    bytes: number,
    mode: 'copyonwrite' | 'readwrite' | 'create',
  ): ArrayBuffer;
}

/** The integers and floats that random numbers can be written as. */
export type NativeNumbers =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/**
 * Random numbers. A generator is the words of its state (src/random/stream.ts); the numbers of a
 * call are in {@link NativeRandom.frame}, as the comment before each function in
 * native/random/module.cpp says.
 */
export interface NativeRandom {
  readonly frame: Float64Array;
  /** Seeds the generator, whose kind is in the state already, with eight words. */
  seed(state: Uint32Array, words: Uint32Array): void;
  /** Moves MT19937 by a number of jumps, which is in the frame. */
  jump(state: Uint32Array): void;
  /** Puts the generator to where the scalars taken so far have brought it. */
  settle(state: Uint32Array): void;
  /** Moves the generator; the delta is eight words, the lowest first. */
  advance(state: Uint32Array, delta: Uint32Array): void;
  /** Fills the block that scalars are taken from; the last one must be empty. */
  refill(state: Uint32Array, block: Float64Array): void;
  /** One number of the distribution in the frame. */
  draw(state: Uint32Array, block: Float64Array): number;
  /** Fills an array with numbers of the distribution in the frame. */
  fill(state: Uint32Array, out: Float64Array | Float32Array | BigInt64Array): void;
  /** The same with parameters that are arrays, of one number or of as many as are drawn. */
  fillVarying(
    state: Uint32Array,
    out: Float64Array | Float32Array | BigInt64Array,
    a: Float64Array,
    b: Float64Array,
    c: Float64Array,
  ): void;
  /** Fills rows with counts of several kinds. */
  fillRows(
    state: Uint32Array,
    out: Float64Array | BigInt64Array,
    whole: BigInt64Array,
    chances: Float64Array,
  ): void;
  /** Fills rows with shares of the Dirichlet distribution; they are zero before. */
  fillShares(state: Uint32Array, out: Float64Array, weights: Float64Array): void;
  /** Fills an array by blocks, each with the generator of its own state. */
  fillBlocks(states: Uint32Array, out: Float64Array | Float32Array): void;
  fillRaw(state: Uint32Array, out: BigUint64Array): void;
  /** Fills an array with integers of the range in the frame. */
  fillIntegers(state: Uint32Array, out: NativeNumbers): void;
  /** The same with a range for each. */
  fillVaryingIntegers(
    state: Uint32Array,
    out: NativeNumbers,
    lows: BigUint64Array,
    ranges: BigUint64Array,
  ): void;
  /** Shuffles elements of bytes; where they lie is in the frame. */
  shuffle(state: Uint32Array, bytes: Uint8Array): void;
  /** With what a shuffle swaps each element, from the last down to the second. */
  partners(state: Uint32Array, out: Uint32Array): void;
  /** Different numbers below the population in the frame. */
  sample(state: Uint32Array, out: Float64Array): void;
  /** The ziggurat tables that the scalars' fast paths use. */
  tables(): {
    readonly normalLimit: Float64Array;
    readonly normalWidth: Float64Array;
    readonly exponentialLimit: Float64Array;
    readonly exponentialWidth: Float64Array;
  };
}

/** A runtime with threads of its own, but for its count. */
export interface NativeRuntime {
  readonly userApi: string;
  readonly internalApi: string;
  readonly prefix: string;
  readonly filepath: string;
  readonly version: string | null;
  readonly scope: 'process' | 'thread';
  /** The place of the runtime whose count this one uses: its own, or that of its OpenMP. */
  readonly root: number;
  readonly threadingLayer?: string;
  readonly architecture?: string;
  readonly availableBackends?: readonly string[];
  readonly loadedBackends?: readonly string[];
  readonly currentBackend?: string;
}

/** Thread pools of the process and leases on them, in numbers; src/threadpools gives them sense. */
export interface NativeThreadpools {
  /** Where counts pass: pairs of a runtime's place and a number of threads, or counts alone. */
  readonly slots: Int32Array;
  /** Looks for runtimes loaded since; returns how many are known. */
  scan(): number;
  /** Scans, writes the count of each runtime into the slots, and returns how many are known. */
  counts(): number;
  describe(index: number): NativeRuntime | undefined;
  /** Opens a lease with the first `pairs` pairs of the slots; returns its id. */
  open(pairs: number, blas: number, openmp: number, isDefault: boolean): number;
  extend(lease: number, pairs: number): void;
  close(lease: number): void;
  /** The limit on this thread's own operations: of BLAS (0) or of OpenMP (1); 0 for none. */
  operationLimit(api: 0 | 1): number;
  /** True for the first caller in the process. */
  warnOnce(): boolean;
}

/**
 * One side of the two pipes between a parent and a worker process. It closes its descriptors with
 * itself, or when its environment ends.
 */
export interface NativeLink {
  /**
   * Returns how many bytes were written: fewer where the pipe is full and doesn't block, -1 if
   * nobody reads any more.
   */
  write(bytes: Uint8Array): number;
  /** Calls back once, when a full pipe has room again or is broken. */
  whenWritable(callback: () => void): void;
  /** Lets it keep the process alive, as it does at first. */
  ref(): void;
  unref(): void;
  close(): void;
}

/** What worker processes need from the system. */
export interface NativeWorkers {
  /**
   * Takes over two descriptors, to read one and to write to the other. `received` is told how much
   * has been read into `bytes`, 0 at the end. Not on Windows.
   */
  readonly Link: new (
    reading: number,
    writing: number,
    bytes: Uint8Array,
    received: (count: number) => void,
  ) => NativeLink;
  /** A sum of 64 bits, which tells whether bytes in a file are still what they were. */
  checksum(bytes: Uint8Array): bigint;
  /**
   * Closes a descriptor that was made here. In a worker thread Node keeps a list of the descriptors
   * that its own functions opened there, and warns of others that they close.
   */
  closeDescriptor(fd: number): void;
  // The account of cores (native/workers/core_account.h); `page` is of {@link mapPage}.
  /** The budget of the account that this process is in; 0 where it is in none. */
  allCores(): number;
  closeCores(page: ArrayBuffer, entry: number): void;
  /** Sets the budget. */
  coreBudget(page: ArrayBuffer, cores: number): void;
  /** This process is the worker of that entry from now on. */
  joinCores(fd: number, entry: number): void;
  openCores(page: ArrayBuffer, entry: number, share: number): void;
  /** Share, cores in use, and whether it works, of each entry that has been used. */
  readCores(page: ArrayBuffer): readonly (readonly [number, number, boolean])[];
  setWorking(page: ArrayBuffer, entry: number, working: boolean): void;
  /** Makes a page of shared memory and returns its descriptor, which the caller closes. */
  createPage(): number;
  /**
   * Makes a pipe and returns its descriptors, [reading, writing], which the caller closes. The end
   * of that index is the parent's and doesn't block.
   */
  createPipe(parentEnd: 0 | 1): readonly [number, number];
  /** Maps the page that a descriptor names; unmapped when the buffer is collected. */
  mapPage(fd: number): ArrayBuffer;
  /** Gives back what the allocator keeps of threads that have ended, on a thread of its own. */
  trimHeap(): void;
  /** Kills this process (and its group, if it leads one) `graceMs` after the pipe's peer closed. */
  watchPeer(fd: number, graceMs: number): void;
}

/**
 * A neighbour search. Its numbers are in {@link NativeNeighbors.frame}, its buffers are arguments.
 * Returns its outcome or, queued, a Promise of it: below zero it names a row that must not be as it is.
 */
export type NativeNeighborsOperation = (...buffers: unknown[]) => number | Promise<number>;

/** What a radius search has found, until it is taken. */
export type NativeRadiusKeeper = { readonly keeper: unique symbol };

/** Neighbour search; `native/neighbors` says before each operation what it reads from the frame. */
export interface NativeNeighbors {
  /** The numbers of a call: the header (src/arrays/call.ts), then those of the operation. */
  readonly frame: Float64Array;
  readonly argKmin: NativeNeighborsOperation;
  readonly radius: NativeNeighborsOperation;
  readonly distances: NativeNeighborsOperation;
  readonly reduce: NativeNeighborsOperation;
  radiusKeeper(): NativeRadiusKeeper;
  /** Copies what was found and empties the keeper. */
  takeRadius(
    keeper: NativeRadiusKeeper,
    indices: Int32Array,
    distances: Float64Array | undefined,
  ): void;
  /** Which kernels run; with a name, which shall (undefined where they can't). For tests. */
  kernels(name?: 'baseline' | 'avx2' | 'avx512'): string | undefined;
}

/** Futexes: waiting on a 32-bit word of shared memory. */
export interface NativeSync {
  /** Blocks: 0 woken, 1 the word has another value, 2 timed out. Negative: no time limit. */
  wait(words: Int32Array, index: number, expected: number, milliseconds: number): 0 | 1 | 2;
  waitAsync(
    words: Int32Array,
    index: number,
    expected: number,
    milliseconds: number,
    callback: (result: 0 | 1 | 2) => void,
  ): number;
  cancel(wait: number): void;
  wake(words: Int32Array, index: number, count: number): number;
  /** Whether a process lives that started then. */
  alive(pid: number, start: number): boolean;
  /** When this process started, as `alive` takes it. */
  start(): number;
  /** A number for this environment, from 1 to 255, unique in the process. */
  slot(): number;
  /**
   * Marks a word when this environment ends: all but `flag` becomes 1; `signal` is woken. The word
   * `count`, if it is not below 0, says 0 while the owner holds nothing.
   */
  hold(
    words: Int32Array,
    index: number,
    owner: number,
    flag: number,
    signal: number,
    count: number,
  ): number;
  /** Ends that for the number that hold() gave, unless the owner has the word in his hands. */
  drop(number: number): void;
}

/** The addon's modules, one for each folder of `native/`. */
export interface NativeAddon {
  readonly blas: NativeBlas;
  readonly executor: NativeExecutor;
  readonly linalg: NativeLinalg;
  readonly neighbors: NativeNeighbors;
  readonly memory: NativeMemory;
  readonly openmp: NativeOpenmp;
  readonly random: NativeRandom;
  readonly sync: NativeSync;
  readonly threadpools: NativeThreadpools;
  readonly workers: NativeWorkers;
}

/** Where the entry of a worker puts the file that its parent has found: looking takes a while. */
const FOUND = Symbol.for('heddle.addon');

function packageRoot(): string {
  return path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
}

/** In a worker's bundle, which is CommonJS, Node gives it; what makes one takes a worker 0.5 ms. */
declare const require: NodeJS.Require | undefined;

function load(name: string): unknown {
  if (typeof require === 'function') return require(name);
  return process.getBuiltinModule('node:module').createRequire(import.meta.url)(name);
}

function find(): string {
  return (load('node-gyp-build') as { path(root: string): string }).path(packageRoot());
}

function open(): { readonly file: string; readonly addon: NativeAddon } {
  const override = process.env.HEDDLE_ADDON;
  try {
    const found = (globalThis as { [FOUND]?: string })[FOUND];
    const file = override ? path.resolve(override) : (found ?? find());
    return { file, addon: load(file) as NativeAddon };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_DLOPEN_DISABLED') {
      throw new Error(
        'heddle: this process may not load addons. Under the permission model it needs ' +
          '--allow-addons; --no-addons takes them away altogether.',
        { cause },
      );
    }
    if (!override && !existsSync(packageRoot())) {
      // What src/inlined.ts tells first, but for bundlers that leave that out.
      const message =
        'heddle: a bundler has put this library into another file, where its addon cannot be found. ' +
        "Leave 'heddle' and 'heddle/*' out of the bundle (external), and in node_modules.";
      throw Object.assign(new Error(message, { cause }), { code: 'ERR_HEDDLE_INLINED' });
    }
    throw new Error(
      `heddle: no addon for ${process.platform}-${process.arch} (Node ${process.versions.node}) ` +
        `could be loaded from ${override ?? packageRoot()}. Build it with \`npx heddle-build\` ` +
        '(needs CMake 3.21 or later and a C++17 compiler).',
      { cause },
    );
  }
}

const loaded = open();

/** The addon, loaded once for each JavaScript environment. */
export const native: NativeAddon = loaded.addon;

/** The addon's file. */
export const addonFile: string = loaded.file;
