/**
 * Messages as bytes, each with a code that only the two sides can make.
 *
 * ```text
 *   kind(1) 0(1) length(6, big-endian) code(32) body(length)
 * ```
 *
 * The code (HMAC with SHA-256, by a key for this connection and direction) is of the message's number,
 * the eight bytes before it, and the body: what was changed, left out, sent twice or turned round on its
 * way is noticed. Nothing is decoded before. What is said is no secret; that is for ssh or a VPN.
 */
import { createHmac, type Hmac, timingSafeEqual } from 'node:crypto';
import { MessageTooLargeError, ProtocolError } from './errors.ts';

/** A value by the codec. */
export const VALUE = 0;
/** The last frame: nothing follows, and nothing is read any more. */
export const CLOSE = 1;

const FIELDS_BYTES = 8;
const CODE_BYTES = 32;
const LENGTH_OFFSET = 2;
const LENGTH_BYTES = 6;
/** What stands before each body. */
export const HEADER_BYTES = FIELDS_BYTES + CODE_BYTES;

/** Starts the code of a message. */
function begin(key: Buffer, position: number, fields: Buffer): Hmac {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(position));
  return createHmac('sha256', key).update(number).update(fields);
}

/** Makes the headers of one direction, in the order in which they are sent. */
export class FrameWriter {
  readonly #key: Buffer;
  #position = 0;

  constructor(key: Buffer) {
    this.#key = key;
  }

  header(kind: number, body: Uint8Array): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = kind;
    header.writeUIntBE(body.length, LENGTH_OFFSET, LENGTH_BYTES);
    const fields = header.subarray(0, FIELDS_BYTES);
    begin(this.#key, this.#position++, fields)
      .update(body)
      .digest()
      .copy(header, FIELDS_BYTES);
    return header;
  }
}

/** A frame whose code was right. */
export interface Frame {
  readonly kind: number;
  readonly body: Buffer;
}

/** Takes frames apart. Memory is taken as bytes come, not as a length announces them. */
export class FrameReader {
  readonly #key: Buffer;
  readonly #maxBytes: number;
  #position = 0;
  /** Of the frame that is being read: the code that it has to have, and how its own goes. */
  #code: Buffer | null = null;
  #hmac: Hmac | null = null;
  #kind = 0;
  #left = 0;
  #pieces: Buffer[] = [];

  /** @param maxBytes - how long a body may be */
  constructor(key: Buffer, maxBytes: number) {
    this.#key = key;
    this.#maxBytes = maxBytes;
  }

  /** Whether a frame has begun and has not ended. */
  get within(): boolean {
    return this.#hmac !== null;
  }

  /**
   * Reads what there is of one frame.
   *
   * @param read - gives exactly so many bytes, or null while there are fewer; at the end what there is
   * @param available - how many there are
   * @returns the frame, or null while it is not all there
   * @throws {@link ProtocolError}, {@link MessageTooLargeError}: nothing more can be read then
   */
  next(read: (count: number) => Buffer | null, available: () => number): Frame | null {
    if (!this.#hmac) {
      const header = read(HEADER_BYTES);
      if (!header || header.length < HEADER_BYTES) return null; // the end of all, if there are fewer
      this.#begin(header);
    }
    while (this.#left > 0) {
      const count = Math.min(this.#left, available());
      const piece = count === 0 ? null : read(count);
      if (!piece) return null;
      this.#hmac!.update(piece);
      this.#pieces.push(piece);
      this.#left -= piece.length;
    }
    return this.#end();
  }

  #begin(header: Buffer): void {
    const fields = header.subarray(0, FIELDS_BYTES);
    const [kind, zero] = fields as unknown as [number, number];
    const length = fields.readUIntBE(LENGTH_OFFSET, LENGTH_BYTES);
    if (zero !== 0 || (kind !== VALUE && !(kind === CLOSE && length === 0))) {
      throw new ProtocolError('what came is the beginning of no message: the connection was ended');
    }
    if (length > this.#maxBytes) {
      throw new MessageTooLargeError(length, this.#maxBytes, 'received');
    }
    this.#kind = kind;
    this.#left = length;
    this.#code = header.subarray(FIELDS_BYTES);
    this.#hmac = begin(this.#key, this.#position++, fields);
  }

  #end(): Frame {
    if (!timingSafeEqual(this.#hmac!.digest(), this.#code!)) {
      throw new ProtocolError(
        'a message has been changed on its way, or another one was put in its place: the connection was ended',
      );
    }
    const [only] = this.#pieces;
    const body = this.#pieces.length === 1 ? only! : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#hmac = null;
    return { kind: this.#kind, body };
  }
}
