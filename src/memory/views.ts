/**
 * The typed arrays of one message, by the buffer on which they are views: views keep sharing
 * their buffer on the other side, and of a buffer only the part that is in view travels.
 */
import { types } from 'node:util';
import { CloneError } from './clone-error.ts';
import type { Reference } from './wire.ts';

type View = { kind: 'view'; type: string; buffer: number; offset: number; length: number };

interface Part {
  readonly index: number;
  readonly views: View[];
  start: number;
  end: number;
}

/** Collects views while a value is walked. */
export class ViewTable {
  readonly #references: Reference[];
  readonly #to: 'thread' | 'process';
  readonly #parts = new Map<ArrayBufferLike, Part>();

  constructor(references: Reference[], options: { readonly to: 'thread' | 'process' }) {
    this.#references = references;
    this.#to = options.to;
  }

  /** Takes a view or a whole buffer and returns the index of its reference. */
  add(value: ArrayBufferView | ArrayBufferLike, path: string): number {
    const view = ArrayBuffer.isView(value);
    const part = this.#part(view ? value.buffer : value, path);
    const start = view ? value.byteOffset : 0;
    const end = start + value.byteLength;
    part.start = Math.min(part.start, start);
    part.end = Math.max(part.end, end);
    if (!view) return part.index;
    const record: View = {
      kind: 'view',
      type: typeName(value),
      buffer: part.index,
      offset: start,
      length:
        'length' in value ? (value as unknown as { length: number }).length : value.byteLength,
    };
    part.views.push(record);
    return this.#references.push(record) - 1;
  }

  #part(buffer: ArrayBufferLike, path: string): Part {
    const known = this.#parts.get(buffer);
    if (known) return known;
    if (types.isSharedArrayBuffer(buffer) && this.#to === 'process') {
      throw new CloneError(
        path,
        'on a SharedArrayBuffer, which other processes cannot map',
        "Use shared.zeros() or shared.from(), or the 'threads' backend.",
      );
    }
    // The bytes are filled in by finish(), when it is known which are in view.
    const reference: Reference = { kind: 'buffer', bytes: buffer as ArrayBuffer };
    const index = this.#references.push(reference) - 1;
    const part: Part = { index, views: [], start: Number.MAX_SAFE_INTEGER, end: 0 };
    this.#parts.set(buffer, part);
    return part;
  }

  /** Cuts every buffer to what is in view. */
  finish(): void {
    for (const [buffer, part] of this.#parts) {
      if (types.isSharedArrayBuffer(buffer)) continue;
      const start = Math.min(part.start - (part.start % 8), buffer.byteLength);
      if (start === 0 && part.end === buffer.byteLength) continue;
      for (const view of part.views) view.offset -= start;
      const bytes = buffer.slice(start, Math.max(part.end, start)) as ArrayBuffer;
      this.#references[part.index] = { kind: 'buffer', bytes };
    }
  }
}

function typeName(view: ArrayBufferView): string {
  if (Buffer.isBuffer(view)) return 'Buffer';
  if (types.isDataView(view)) return 'DataView';
  return (view as unknown as Record<symbol, string>)[Symbol.toStringTag]!;
}
