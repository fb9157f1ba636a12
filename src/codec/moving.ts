/**
 * move(): memory and ports that a task, or who gets its result, is to have alone.
 */
import { types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { typeError } from '../errors.ts';

/** What can be moved to another thread. */
export type Movable = ArrayBuffer | ArrayBufferView | MessagePort;

const marked = new WeakSet<object>();
let any = false;

const RIGHT = 'an ArrayBuffer, an array on one, or a MessagePort';

function mark(name: string, value: unknown, right: string): void {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  if (types.isArrayBuffer(memory)) {
    any = true;
    marked.add(memory);
  } else if (!(value instanceof MessagePort)) throw typeError(name, value, right);
}

/**
 * Marks memory to be moved, when it is next an argument or a result of a task, rather than copied: it
 * belongs to the receiver then, and is detached here (its arrays have the length 0). An array takes the
 * whole buffer with it that it lies on, with all other arrays there.
 *
 * A thread gets the memory itself, at once; so its task can't run again, and fails with a
 * `WorkerCrashedError` where its worker ends. With `retries` or `retryErrors`, and for processes, the receiver
 * gets a copy, and the memory is detached here when the task has succeeded. With `jobs: 1` tasks have what
 * they are given as it is, and nothing is detached. Shared memory stays where it is: everyone has it.
 *
 * MessagePorts are always moved, whether they are marked or not, and to threads only.
 *
 * @param value - what is to be moved, or something that contains it
 * @param list - what of it is to be moved, in place of `value` itself
 * @returns the value
 * @throws TypeError where something can't be moved
 *
 * @example
 * ```ts
 * const pixels = new Uint8Array(1e8);
 * const [sum] = await map([move(pixels)], (p) => p.reduce((a, b) => a + b), { backend: 'threads', jobs: 2 });
 * pixels.length; // 0
 * ```
 */
export function move<T>(value: T, list?: readonly Movable[]): T {
  if (list === undefined) mark('value', value, `${RIGHT}, or come with a list of those in it`);
  else if (!Array.isArray(list)) throw typeError('list', list, 'an array of what is to be moved');
  else for (const [i, item] of list.entries()) mark(`list[${i}]`, item, RIGHT);
  return value;
}

/** Whether memory is to be moved with the next message. */
export function isMarked(buffer: object): boolean {
  return any && marked.has(buffer);
}

/** Takes memory away from all who have it in this environment. */
export function detach(buffer: ArrayBuffer): void {
  if (buffer.byteLength === 0) return;
  const { transfer } = buffer as { transfer?: (bytes: number) => ArrayBuffer };
  // Only since ES2024, and the other way keeps the memory until it is collected.
  if (transfer) transfer.call(buffer, 0);
  else structuredClone(buffer, { transfer: [buffer] });
}
