/**
 * Values that are kept: messages to nobody in particular, whose large buffers lie beside them.
 */
import { encodeCallable } from './callables.ts';
import { decode, loading } from './codec.ts';
import { Encoder } from './encoder.ts';
import { MARK } from './scan.ts';
import type { Wrapped } from './wire.ts';

/** A value without its large buffers. */
export interface StoredValue {
  /** Plain data that structured clone carries. */
  readonly message: unknown;
  /** Which references of the message are the buffers that are left out, in their order. */
  readonly places: readonly number[];
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
  const payloads: unknown[] = [];
  const indices = new Map<unknown, number>();
  const options = { to: 'machine', maxBytes: largest, receivers: 'many', snapshot: true } as const;
  const encoder = new Encoder({
    ...options,
    functions: {
      add(fn, at) {
        let index = indices.get(fn);
        if (index === undefined) {
          index = payloads.push(encodeCallable(fn, at, options)) - 1;
          indices.set(fn, index);
        }
        return index;
      },
    },
  });
  const root = encoder.root(value, path);
  encoder.views.finish();
  const buffers: ArrayBuffer[] = [];
  const places: number[] = [];
  const references = encoder.references.map((reference, place) => {
    if (reference.kind !== 'buffer' || reference.bytes.byteLength < largest) return reference;
    buffers.push(reference.bytes);
    places.push(place);
    return { kind: 'buffer', bytes: new ArrayBuffer(0) } as const;
  });
  const message: Wrapped = {
    [MARK]: 1,
    root,
    references,
    steps: encoder.steps,
    functions: payloads,
  };
  return { stored: { message, places }, buffers };
}

/** What must be waited for before {@link storedValue}: modules of its functions; null for nothing. */
export function storedReady({ message }: StoredValue): Promise<void> | null {
  return loading(message);
}

/** Makes the value again, with the buffers that {@link encodeStored} left out. */
export function storedValue(
  { message, places }: StoredValue,
  buffers: readonly ArrayBuffer[],
): unknown {
  const wrapped = message as Wrapped;
  const references = [...wrapped.references];
  places.forEach((place, i) => {
    references[place] = { kind: 'buffer', bytes: buffers[i]! };
  });
  return decode({ ...wrapped, references });
}
