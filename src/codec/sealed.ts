/**
 * Values that pass through others' hands unopened.
 */
import type { SegmentHandle } from '../memory/index.ts';

/** The memory of a large array: where it is, or its bytes. */
export type SealedMemory = SegmentHandle | ArrayBuffer;

/**
 * A value as bytes, and by what the memory of its large arrays is opened. Who has one can give it to anybody
 * without making the value, as often as it likes.
 */
export class Sealed {
  readonly bytes: Uint8Array;
  /** The memory that its message names by position. */
  readonly memory: readonly SealedMemory[];
  /** Ids of the objects to which the value refers, as often as it does. */
  readonly objects: readonly string[];

  constructor(bytes: Uint8Array, memory: readonly SealedMemory[], objects: readonly string[]) {
    this.bytes = bytes;
    this.memory = memory;
    this.objects = objects;
  }

  /** The same value, with its memory elsewhere. */
  withMemory(memory: readonly SealedMemory[]): Sealed {
    return new Sealed(this.bytes, memory, this.objects);
  }
}

/** By what a message refers to a sealed value; null for what is none. */
export function sealedReference(value: object): {
  readonly kind: 'sealed';
  readonly bytes: Uint8Array;
  readonly memory: readonly SealedMemory[];
  readonly objects: readonly string[];
} | null {
  if (!(value instanceof Sealed)) return null;
  const { bytes, memory, objects } = value;
  return { kind: 'sealed', bytes, memory, objects };
}
