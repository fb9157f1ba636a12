/**
 * Calls of native operations: numbers go into the frame, buffers are arguments.
 */
import { typeError } from '../errors.ts';
import { BLOCKING, type QueuedOptions, queued, resolveThreads } from '../executor/index.ts';
import { type NativeElements, type NativeOperation, native } from '../native.ts';
import { notFinite } from './errors.ts';
import type { Operand } from './matrix.ts';

/** A checked call, ready to be made. */
export interface Call<R> {
  readonly operation: NativeOperation;
  readonly operands: readonly Operand[];
  /** Whole numbers that the operation takes besides, such as pivots; the last argument. */
  readonly integers?: Int32Array;
  /** What follows the operands in the frame. */
  readonly numbers?: readonly number[];
  /** Most cores it may use. */
  readonly threads: number | undefined;
  /** The name of an operation that looks for NaN and infinity. */
  readonly finite?: string;
  /** Makes the result of the outcome (LAPACK's `info`), or throws what the outcome means. */
  readonly finish: (outcome: number) => R;
}

/** The outcome that `native/linalg/operation.h` has for a NaN or an infinity in an argument. */
const NOT_FINITE = -1e9;

const frame = native.linalg.frame;

/** Writes an operand's numbers from `at` on, and returns where the next ones go. */
function write(operand: Operand, at: number): number {
  frame[at] = operand.rows;
  frame[at + 1] = operand.columns;
  frame[at + 2] = operand.offset;
  frame[at + 3] = operand.rowStride;
  frame[at + 4] = operand.columnStride;
  let next = at + 5;
  if (operand.axes !== undefined) {
    for (const number of operand.axes) frame[next++] = number;
  }
  return next;
}

function invoke(call: Call<unknown>, mode: number): number | Promise<number> {
  const { operands, numbers, integers } = call;
  frame[0] = mode;
  frame[1] = resolveThreads(call.threads);
  let at = 2;
  for (let index = 0; index < operands.length; index++) {
    at = write(operands[index] as Operand, at);
  }
  if (numbers !== undefined) {
    for (let index = 0; index < numbers.length; index++) frame[at++] = numbers[index] as number;
  }
  // Spelt out for the usual lengths: a spread costs more than a small product.
  if (integers === undefined && operands.length === 3) {
    return call.operation(data(operands, 0), data(operands, 1), data(operands, 2));
  }
  const buffers: NativeElements[] = operands.map((operand) => operand.data);
  return integers === undefined ? call.operation(...buffers) : call.operation(...buffers, integers);
}

function data(operands: readonly Operand[], index: number): NativeElements {
  return (operands[index] as Operand).data;
}

function finish<R>(call: Call<R>, outcome: number): R {
  if (outcome === NOT_FINITE && call.finite !== undefined) throw notFinite(call.finite);
  return call.finish(outcome);
}

/** Makes the call and blocks until it is done. */
export function callSync<R>(call: Call<R>): R {
  return finish(call, invoke(call, BLOCKING) as number);
}

/**
 * Checks the buffers of an operation that is about to be queued. It keeps them alive, but nothing
 * keeps a resizable one from giving its end back to the system meanwhile: such a one is refused.
 * (A growable SharedArrayBuffer never shrinks.)
 *
 * @returns a check for when the operation is done: it throws where a buffer has been taken away
 */
export function hold(operands: readonly Operand[]): () => void {
  // The buffers' lengths: those of views come out wrong from optimised code in Node 20's V8, where
  // it has met resizable buffers.
  const lengths = operands.map(({ data }) => {
    const buffer = data.buffer as ArrayBufferLike & { readonly resizable?: boolean };
    if (buffer.resizable === true) {
      throw typeError(
        'data.buffer',
        buffer,
        'a buffer that can not be resized while the operation is queued (use the Sync twin, or copy)',
      );
    }
    return buffer.byteLength;
  });
  return () => {
    if (operands.some(({ data }, index) => data.buffer.byteLength < (lengths[index] as number))) {
      throw new Error(
        'a buffer was transferred while an operation on it was queued: its result is lost',
      );
    }
  };
}

/** Queues the call. */
export function callAsync<R>(call: Call<R>, options: QueuedOptions): Promise<R> {
  const check = hold(call.operands);
  return queued(
    (mode) => invoke(call, mode) as Promise<number>,
    (outcome) => {
      check();
      return finish(call, outcome);
    },
    options.signal ?? undefined,
  );
}
