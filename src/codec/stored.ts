/**
 * Values that are kept: messages to nobody in particular, whose large buffers lie beside them.
 */
import { decode, loading, wrap } from './codec.ts';
import type { Wrapped } from './wire.ts';

/** A value without its large buffers. */
export interface StoredValue {
  /** Plain data that structured clone carries. */
  readonly message: unknown;
  /** Which references of the message are the buffers that are left out, in their order. */
  readonly positions: readonly number[];
}

/**
 * Makes what is kept of a value.
 *
 * @param largest - bytes from which a buffer is left out of the message
 * @param path - what the value is called in error messages
 * @returns the message, and the buffers that belong to it; they are the value's own, not copies,
 *   where a value uses all of one
 * @throws {@link CloneError} with the path to what can't be kept
 */
export function encodeStored(
  value: unknown,
  largest: number,
  path: string,
): { readonly stored: StoredValue; readonly buffers: readonly ArrayBuffer[] } {
  const { message } = wrap(value, { to: 'machine', maxBytes: largest, path }, true);
  const buffers: ArrayBuffer[] = [];
  const positions: number[] = [];
  const references = message.references.map((reference, position) => {
    if (reference.kind !== 'buffer' || reference.bytes.byteLength < largest) return reference;
    buffers.push(reference.bytes);
    positions.push(position);
    return { kind: 'buffer', bytes: new ArrayBuffer(0) } as const;
  });
  return { stored: { message: { ...message, references }, positions }, buffers };
}

/** What must be waited for before {@link storedValue}: modules of its functions; null for nothing. */
export function storedReady({ message }: StoredValue): Promise<void> | null {
  return loading(message);
}

/** Makes the value again, with the buffers that {@link encodeStored} left out. */
export function storedValue(
  { message, positions }: StoredValue,
  buffers: readonly ArrayBuffer[],
): unknown {
  const wrapped = message as Wrapped;
  const references = [...wrapped.references];
  positions.forEach((position, i) => {
    references[position] = { kind: 'buffer', bytes: buffers[i]! };
  });
  return decode({ ...wrapped, references });
}
