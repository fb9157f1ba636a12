/**
 * Calls of native operations: numbers go into a frame, buffers are arguments.
 */
import type { OperationApi } from '../config/index.ts';
import { typeError } from '../errors.ts';
import { BLOCKING, type QueuedOptions, queued, resolveThreads } from '../executor/index.ts';
import { native } from '../native.ts';
import { checkKeys } from '../options.ts';
import type { FrameOperand, NativeCall } from './operands.ts';
import { copyPrivately } from './private-copies.ts';

/** What a module's calls have in common. */
export interface NativeModule {
  /** Which its operations read their numbers from. */
  readonly frame: Float64Array;
  /** What they run on: whose variables say how many threads that takes. */
  readonly api: OperationApi;
}

/** Options of a queued call that tells how far it is. */
export interface ProgressOptions extends QueuedOptions {
  /** Called now and then while the operation runs, and at its end, with steps done and all steps. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

const BLOCKING_NAMES = ['threads'];
const QUEUED_NAMES = [...BLOCKING_NAMES, 'signal', 'onProgress'];
const NO_NAMES: readonly string[] = [];

function checkNames(options: object, shared: readonly string[], own: readonly string[]): void {
  // Looked through here first: most calls have one option or none, and are short.
  for (const name in options) {
    if (!shared.includes(name) && !own.includes(name)) {
      checkKeys('options', options, [...own, ...shared]);
    }
  }
}

/**
 * Refuses options that a blocking operation does not have.
 *
 * @param own - the names of its options, besides `threads`
 * @throws TypeError that names the option, and the one that was probably meant
 */
export function checkOptionNames(options: object, own: readonly string[] = NO_NAMES): void {
  checkNames(options, BLOCKING_NAMES, own);
}

/** {@link checkOptionNames} for a queued operation, which has `signal` and `onProgress` too. */
export function checkQueuedOptionNames(options: object, own: readonly string[] = NO_NAMES): void {
  checkNames(options, QUEUED_NAMES, own);
}

/** Numbers before those of the operation: mode, threads, which argument counts progress. */
export const FRAME_HEADER = 3;

/** Writes what comes before an operation's own numbers, and returns where these begin. */
export function beginFrame(
  frame: Float64Array,
  mode: number,
  threads: number,
  progress = 0,
): number {
  frame[0] = mode;
  frame[1] = threads;
  frame[2] = progress;
  return FRAME_HEADER;
}

/** Writes an operand's numbers from `at` on, and returns where the next ones go. */
export function writeOperand(frame: Float64Array, at: number, operand: FrameOperand): number {
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

type Operation = (...buffers: unknown[]) => number | Promise<number>;

function invoke(
  call: NativeCall,
  { frame, api }: NativeModule,
  mode: number,
  progress?: Int32Array,
): number | Promise<number> {
  const { operands, numbers, buffers } = call;
  const operation = call.operation as Operation;
  const count = operands.length;
  const behind = count + (buffers?.length ?? 0);
  let at = beginFrame(frame, mode, resolveThreads(call.threads, api), progress ? behind : 0);
  for (let index = 0; index < count; index++) {
    at = writeOperand(frame, at, operands[index] as FrameOperand);
  }
  if (numbers !== undefined) {
    for (let index = 0; index < numbers.length; index++) frame[at++] = numbers[index] as number;
  }
  // Spelt out for the usual lengths: a spread costs more than a small product.
  if (count === 3 && behind === 3 && progress === undefined) {
    return operation(data(operands, 0), data(operands, 1), data(operands, 2));
  }
  const args: unknown[] = operands.map((operand) => operand.data);
  if (buffers !== undefined) args.push(...buffers);
  if (progress !== undefined) args.push(progress);
  return operation(...args);
}

function data(operands: readonly FrameOperand[], index: number): FrameOperand['data'] {
  return (operands[index] as FrameOperand).data;
}

/**
 * Makes the call and blocks until it is done.
 *
 * @param module - whose operation it is
 * @returns its outcome
 */
export function callSync(call: NativeCall, module: NativeModule): number {
  return invoke(call, module, BLOCKING) as number;
}

/**
 * Checks the buffers of an operation that is about to be queued. It keeps them alive, but nothing
 * keeps a resizable one from giving its end back to the system meanwhile: such a one is refused.
 * (A growable SharedArrayBuffer never shrinks.)
 *
 * @returns a check for when the operation is done: it throws where a buffer has been taken away
 */
function hold(operands: readonly FrameOperand[]): () => void {
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
      throw Object.assign(
        new Error(
          'a buffer was transferred while an operation on it was queued: its result is lost',
        ),
        { code: 'ERR_HEDDLE_BUFFER_TRANSFERRED' },
      );
    }
  };
}

/** How often `onProgress` may be called, in milliseconds. */
const PROGRESS_INTERVAL = 100;

/**
 * Queues the call.
 *
 * @param given - the call
 * @param module - whose operation it is
 * @param options - `signal`, `onProgress`
 * @param finish - makes the result of the outcome, or throws what the outcome means
 */
export async function callAsync<R>(
  given: NativeCall,
  module: NativeModule,
  options: ProgressOptions,
  finish: (outcome: number) => R,
): Promise<R> {
  const { onProgress } = options;
  const signal = options.signal ?? undefined;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw typeError('onProgress', onProgress, 'a function');
  }
  const check = hold(given.operands);
  const copies = native.executor.holdsBytes ? null : copyPrivately(given);
  const call = copies?.call ?? given;
  const conclude = (outcome: number) => {
    copies?.writeBack();
    check();
    return finish(outcome);
  };
  if (onProgress === undefined) {
    return queued((mode) => invoke(call, module, mode) as Promise<number>, conclude, signal);
  }
  // The threads count in shared memory and nobody is woken: a reader looks when it suits it.
  const counter = new Int32Array(new SharedArrayBuffer(8));
  let told = 0;
  const tell = () => {
    const done = Atomics.load(counter, 0);
    const total = Atomics.load(counter, 1);
    if (total === 0 || done === told) return;
    told = done;
    onProgress(done, total);
  };
  const timer = setInterval(tell, PROGRESS_INTERVAL);
  timer.unref();
  try {
    const result = await queued(
      (mode) => invoke(call, module, mode, counter) as Promise<number>,
      conclude,
      signal,
    );
    tell();
    return result;
  } finally {
    clearInterval(timer);
  }
}
