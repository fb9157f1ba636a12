/**
 * The typed arrays of one message, by the buffer on which they are views: views keep sharing
 * their buffer on the other side, and of a buffer only the part that is in view travels.
 */
import { types } from 'node:util';
import { handleOf, isMapped, type Outgoing, type SegmentHandle, send } from '../memory/index.ts';
import { CloneError } from './clone-error.ts';
import { isMarked } from './moving.ts';
import type { CodecTarget, Reference } from './wire.ts';

type View = Extract<Reference, { kind: 'view' }>;

interface Part {
  readonly index: number;
  readonly views: View[];
  start: number;
  end: number;
}

/** Where a message goes, as far as arrays are concerned. */
export interface ViewOptions {
  readonly to: CodecTarget;
  readonly maxBytes: number;
  readonly receivers: 'one' | 'many';
  /**
   * What becomes of memory that is to be moved, and of ports. 'transfer': the receiver gets it itself;
   * 'keep': it is kept here until the receiver is done, but for ports. Left out: the message may have several
   * receivers; marks do nothing, and ports are refused.
   */
  readonly moves?: 'transfer' | 'keep' | undefined;
  /** What is in memory that all write to goes as it is now: nobody is promised to see more of it. */
  readonly snapshot?: boolean;
}

/** Collects views while a value is walked. */
export class ViewTable {
  /** The segments that were made for the message. */
  readonly outgoing: Outgoing[] = [];
  /** What goes to the receiver itself. */
  readonly transfer: object[] = [];
  /** What is to be detached when the receiver is done. */
  readonly kept: ArrayBuffer[] = [];
  readonly #references: Reference[];
  readonly #options: ViewOptions;
  readonly #parts = new Map<ArrayBufferLike, Part>();

  constructor(references: Reference[], options: ViewOptions) {
    this.#references = references;
    this.#options = options;
  }

  /** Bytes from which memory is shared; another machine can map none of this one's. */
  get #limit(): number {
    return this.#options.to === 'machine' ? Number.POSITIVE_INFINITY : this.#options.maxBytes;
  }

  /**
   * Takes a view or a whole buffer and returns the index of its reference.
   *
   * @param type - the index of a view's class, where that is one of the program's own
   */
  add(value: ArrayBufferView | ArrayBufferLike, path: string, type = -1): number {
    const view = ArrayBuffer.isView(value);
    const part = this.#part(view ? value.buffer : value, path);
    const start = view ? value.byteOffset : 0;
    const end = start + value.byteLength;
    part.start = Math.min(part.start, start);
    part.end = Math.max(part.end, end);
    if (!view) return part.index;
    const record: View = {
      kind: 'view',
      type: viewName(value),
      buffer: part.index,
      offset: start,
      length:
        'length' in value ? (value as unknown as { length: number }).length : value.byteLength,
      class: type,
    };
    part.views.push(record);
    return this.#references.push(record) - 1;
  }

  #part(buffer: ArrayBufferLike, path: string): Part {
    const known = this.#parts.get(buffer);
    if (known) return known;
    if (types.isSharedArrayBuffer(buffer) && this.#options.to !== 'thread') {
      throw new CloneError(
        path,
        'on a SharedArrayBuffer, which other processes cannot map',
        "Use shared.zeros() or shared.from(), or the 'threads' backend.",
      );
    }
    const { to, snapshot } = this.#options;
    if (to === 'machine' && !snapshot && handleOf(buffer)?.mode === 'readwrite') {
      throw new CloneError(
        path,
        'in memory that all see each other write to, which other machines cannot map',
        "Send a copy (slice()), or share() it with the mode 'copyonwrite'.",
      );
    }
    if (isDetached(buffer)) {
      throw new CloneError(path, 'detached', 'Its memory has been transferred: send a copy.');
    }
    // The bytes are filled in by finish(), when it is known which are in view.
    const reference: Reference = { kind: 'buffer', bytes: buffer as ArrayBuffer };
    const index = this.#references.push(reference) - 1;
    const part: Part = { index, views: [], start: Number.MAX_SAFE_INTEGER, end: 0 };
    this.#parts.set(buffer, part);
    return part;
  }

  /** Decides how each buffer travels, now that it is known which part of it is in view. */
  finish(): void {
    for (const [buffer, part] of this.#parts) {
      if (types.isSharedArrayBuffer(buffer)) continue;
      const handle = handleOf(buffer);
      if (handle && this.#reaches(handle)) {
        this.#references[part.index] = { kind: 'segment', handle: this.#sent(handle) };
        continue;
      }
      if (this.#options.moves && isMarked(buffer) && !isMapped(buffer)) {
        if (this.#options.moves === 'transfer') {
          this.transfer.push(buffer);
          continue;
        }
        this.kept.push(buffer as ArrayBuffer);
      }
      const start = Math.min(part.start - (part.start % 8), buffer.byteLength);
      const bytes = new Uint8Array(buffer, start, Math.max(part.end - start, 0));
      for (const view of part.views) view.offset -= start;
      this.#references[part.index] =
        (bytes.byteLength >= this.#limit && this.#share(bytes)) || this.#copy(bytes);
    }
  }

  /** Whether the receiver gets at the memory by its handle. */
  #reaches(handle: SegmentHandle): boolean {
    const { to } = this.#options;
    if (to !== 'process' || handle.kind === 'file') return to !== 'machine';
    // A copy of what all see each other write to would be something else: its receiver must fail.
    return handle.locator !== '' || handle.mode === 'readwrite';
  }

  /** Every result is the caller's own, even where it is on the same memory as the one before. */
  #sent(handle: SegmentHandle): SegmentHandle {
    const alone = this.#options.receivers === 'one' && handle.kind === 'memory';
    return alone && handle.mode === 'copyonwrite' ? { ...handle, mode: 'once' } : handle;
  }

  #share(bytes: Uint8Array): Reference | null {
    if (bytes.byteLength === 0) return null;
    try {
      const outgoing = send(bytes, this.#options.receivers);
      this.outgoing.push(outgoing);
      return { kind: 'segment', handle: outgoing.handle };
    } catch {
      // No descriptor or no memory left: a copy through the channel may still go.
      return null;
    }
  }

  #copy(bytes: Uint8Array): Reference {
    const { buffer, byteOffset, byteLength } = bytes as Uint8Array<ArrayBuffer>;
    const whole = byteLength === buffer.byteLength;
    return {
      kind: 'buffer',
      bytes: whole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength),
    };
  }
}

function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** The class of the language, or Buffer, that a view is of, itself or by inheritance. */
export function viewName(view: ArrayBufferView): string {
  if (Buffer.isBuffer(view)) return 'Buffer';
  if (types.isDataView(view)) return 'DataView';
  return Reflect.apply(tag, view, []) as string;
}

/** What reads the kind of a typed array from its slot, whatever a subclass says. */
const tag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)!.get!;
