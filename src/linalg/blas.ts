/**
 * The BLAS library in use.
 */
import { typeError } from '../errors.ts';
import { native } from '../native.ts';

/** What the BLAS library in use is. */
export interface BlasInfo {
  readonly library: 'openblas' | 'blis' | 'mkl' | 'flexiblas' | 'accelerate' | 'reference';
  /** Its version; empty where it does not tell. */
  readonly version: string;
  /** The file it was opened from, symbolic links resolved. */
  readonly file: string;
  /** The file of its LAPACK, the same or another. */
  readonly lapackFile: string;
  /** Its integers: 32 bits (`lp64`) or 64 (`ilp64`). Found out by a call. */
  readonly integers: 'lp64' | 'ilp64';
  /** What its symbols have before and after a routine's name. */
  readonly prefix: string;
  readonly suffix: string;
  /** What its threads are made with: 'pthreads', 'openmp', …, or 'none'. */
  readonly threading: string;
  /** The processor that its kernels are for; empty where it does not tell. */
  readonly architecture: string;
  /**
   * Who chose these kernels: 'library', by the processor's model; 'features', Heddle, by what the
   * processor can do, where the library would have taken slower ones; or 'OPENBLAS_CORETYPE', the
   * user. Empty where the library has no such choice.
   */
  readonly chosenBy: '' | 'library' | 'features' | 'OPENBLAS_CORETYPE';
  /** Its thread count now. */
  readonly threads: number;
  /** Whether that count is the process's or each thread's own. */
  readonly scope: 'process' | 'thread';
  /** Whether a process may be forked while a threaded product runs without waiting for it. */
  readonly forkSafe: boolean;
}

/**
 * What the BLAS library in use is. Opens one, if no operation has done so.
 *
 * @throws Error naming what was tried, where no library can be had
 */
export function blasInfo(): BlasInfo {
  return native.blas.info();
}

/**
 * Uses another BLAS library from the next operation on. Blocks until no operation is in flight.
 *
 * @param path - a file, or a name that the system's loader finds
 * @throws Error saying why it can't be used; the one in use stays
 */
export function useBlas(path: string): void {
  if (typeof path !== 'string' || path === '') {
    throw typeError('path', path, 'the path or name of a library');
  }
  native.blas.use(path);
}
