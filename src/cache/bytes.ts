/**
 * Bytes that are written one after the other, and of which the last may be replaced by their digest.
 */
import { hash as digestOf } from 'node:crypto';

/** Bytes of a digest: SHA-256. */
export const DIGEST = 32;

/** The digest of bytes. */
export function digest(bytes: Uint8Array): Buffer {
  return digestOf('sha256', bytes, 'buffer') as unknown as Buffer;
}

/** A buffer that grows. */
export class ByteStack {
  #bytes = Buffer.allocUnsafe(1024);
  length = 0;

  #room(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }

  tag(tag: number): void {
    this.#room(1);
    this.#bytes[this.length++] = tag;
  }

  /** A number by its bits; every NaN is the same. */
  number(value: number): void {
    this.#room(8);
    this.length = this.#bytes.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, this.length);
  }

  /** A text by its code units, with its length. */
  text(value: string): void {
    this.number(value.length);
    const size = value.length * 2;
    this.#room(size);
    this.#bytes.write(value, this.length, size, 'utf16le');
    this.length += size;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Takes what has been written from `start` on away, and gives its digest. */
  fold(start: number): Buffer {
    const folded = digest(this.#bytes.subarray(start, this.length));
    this.length = start;
    return folded;
  }
}
