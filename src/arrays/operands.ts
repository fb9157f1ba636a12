/**
 * What a native operation is called with.
 */
import type { Elements } from './ndarray.ts';

/** An array as the frame describes it: two axes, and those of a stack before them. */
export interface FrameOperand {
  readonly data: Elements | Int32Array;
  readonly rows: number;
  readonly columns: number;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
  /** The axes of a stack: how many, then the length and stride of each. */
  readonly axes?: readonly number[];
}

/** A checked call, ready to be made. */
export interface NativeCall {
  /** Returns its outcome or, queued, a Promise of it. */
  readonly operation: (...buffers: never[]) => number | Promise<number>;
  /** Arrays that the frame describes; their data are the first arguments. */
  readonly operands: readonly FrameOperand[];
  /** What follows the operands in the frame. */
  readonly numbers?: readonly number[];
  /** Arguments behind the operands' data. */
  readonly buffers?: readonly unknown[];
  /** Most cores it may use. */
  readonly threads: number | undefined;
}
