/**
 * Calls of native operations: numbers go into the frame, buffers are arguments.
 */
import { BLOCKING, type QueuedOptions, queued, resolveThreads } from '../executor/index.ts';
import { type NativeOperation, native } from '../native.ts';
import type { Elements, Operand } from './matrix.ts';

/** A checked call, ready to be made. */
export interface Call<R> {
  readonly operation: NativeOperation;
  readonly operands: readonly Operand[];
  /** What follows the operands in the frame. */
  readonly numbers?: readonly number[];
  /** Most cores it may use. */
  readonly threads: number | undefined;
  /** Makes the result of the outcome (LAPACK's `info`), or throws what the outcome means. */
  readonly finish: (outcome: number) => R;
}

const frame = native.linalg.frame;

function invoke(call: Call<unknown>, mode: number): number | Promise<number> {
  const { operands, numbers } = call;
  frame[0] = mode;
  frame[1] = resolveThreads(call.threads);
  let at = 2;
  for (const operand of operands) {
    frame[at++] = operand.rows;
    frame[at++] = operand.columns;
    frame[at++] = operand.offset;
    frame[at++] = operand.rowStride;
    frame[at++] = operand.columnStride;
  }
  if (numbers !== undefined) for (const number of numbers) frame[at++] = number;
  switch (operands.length) {
    case 2:
      return call.operation(data(operands, 0), data(operands, 1));
    case 3:
      return call.operation(data(operands, 0), data(operands, 1), data(operands, 2));
    default:
      return call.operation(...operands.map((operand) => operand.data));
  }
}

function data(operands: readonly Operand[], index: number): Elements {
  return (operands[index] as Operand).data;
}

/** Makes the call and blocks until it is done. */
export function callSync<R>(call: Call<R>): R {
  return call.finish(invoke(call, BLOCKING) as number);
}

/** Queues the call. */
export function callAsync<R>(call: Call<R>, options: QueuedOptions): Promise<R> {
  return queued(
    (mode) => invoke(call, mode) as Promise<number>,
    call.finish,
    options.signal ?? undefined,
  );
}
