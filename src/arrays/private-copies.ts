/**
 * Memory of its own for a queued operation, where nothing keeps the bytes of a buffer from going
 * while they are used.
 *
 * A buffer that is transferred gives its bytes to another one, and they go when that goes. V8 lets
 * the addon be an owner of them (native/executor/bytes.h) in Node on the C library that Node was
 * built with; elsewhere the operation works on copies, and what it has written is written back.
 */
import { types } from 'node:util';
import type { TypedArray } from './ndarray.ts';
import type { FrameOperand, NativeCall } from './operands.ts';

/** The part of one buffer that an operation uses. */
interface Part {
  begin: number;
  end: number;
}

/** A part, twice. */
interface Copy extends Part {
  /** What the operation works on. */
  readonly bytes: ArrayBuffer;
  /** What it was given. */
  readonly before: ArrayBuffer;
}

interface Copies {
  /** The same call on copies. */
  readonly call: NativeCall;
  /** Writes the bytes that have changed into the buffers of the caller, as far as they are there. */
  writeBack(): void;
}

/** Copies begin at a multiple of this many bytes of their buffer: the widest element. */
const ALIGNMENT = 8;

function viewOf(value: unknown): ArrayBufferView | null {
  // Shared memory is never detached.
  return ArrayBuffer.isView(value) && types.isArrayBuffer(value.buffer) ? value : null;
}

/**
 * A call like another, on copies of its buffers. Views of one buffer are views of one copy.
 *
 * @param call - every typed array among its operands and buffers is copied, as far as it reaches
 */
export function copyPrivately(call: NativeCall): Copies {
  const parts = new Map<ArrayBufferLike, Part>();
  const all = [...call.operands.map(({ data }) => data), ...(call.buffers ?? [])];
  for (const value of all) {
    const view = viewOf(value);
    if (view === null) continue;
    const begin = view.byteOffset - (view.byteOffset % ALIGNMENT);
    const end = view.byteOffset + view.byteLength;
    const part = parts.get(view.buffer);
    if (part === undefined) parts.set(view.buffer, { begin, end });
    else {
      part.begin = Math.min(part.begin, begin);
      part.end = Math.max(part.end, end);
    }
  }
  const copies = new Map<ArrayBufferLike, Copy>();
  for (const [buffer, part] of parts) {
    const copy = (): ArrayBuffer => (buffer as ArrayBuffer).slice(part.begin, part.end);
    copies.set(buffer, { ...part, bytes: copy(), before: copy() });
  }

  const own = <T>(value: T): T => {
    const view = viewOf(value);
    if (view === null) return value;
    // Not its constructor, which may be of a subclass.
    const name = (view as unknown as TypedArray)[Symbol.toStringTag];
    const Kind = (globalThis as unknown as Record<string, ArrayConstructor>)[name] as never as new (
      buffer: ArrayBuffer,
      offset: number,
      length: number,
    ) => T;
    const { length } = view as unknown as TypedArray;
    const { bytes, begin } = copies.get(view.buffer) as Copy;
    return new Kind(bytes, view.byteOffset - begin, length);
  };
  return {
    call: {
      ...call,
      operands: call.operands.map(
        (operand): FrameOperand => ({ ...operand, data: own(operand.data) }),
      ),
      ...(call.buffers && { buffers: call.buffers.map(own) }),
    },
    writeBack() {
      for (const [buffer, { bytes, before, begin, end }] of copies) {
        if (buffer.byteLength < end) continue; // it has been transferred
        writeChanges(bytes, before, new Uint8Array(buffer as ArrayBuffer, begin));
      }
    },
  };
}

/**
 * Writes what differs between two states of memory, and nothing else: beside an operation's own
 * elements there may be those of another one.
 */
function writeChanges(after: ArrayBuffer, before: ArrayBuffer, to: Uint8Array): void {
  const now = new Uint8Array(after);
  const was = new Uint8Array(before);
  for (let at = 0; at < now.length; at++) {
    if (now[at] !== was[at]) to[at] = now[at] as number;
  }
}
