/**
 * Messages as bytes, for the pipes between a process and its workers.
 *
 * A frame is its length, a kind, and a body. Batches and results have bodies of their own, because
 * serializing alone costs as much as the whole way there and back (measured: 21 µs against 10 µs
 * for one small task). Every other message is text if JSON says all of it, which is what a worker's
 * first messages are: what serializes takes a worker 3 ms to load. Both ends are the same build on
 * the same machine, so numbers are written as they lie in memory.
 */
import { deserialize, serialize } from '../codec/index.ts';
import { fromText, isJson, toText } from './json.ts';
import type { BatchMessage, FromWorker, ResultMessage, ToWorker } from './messages.ts';
import type { ValueBatch } from './value-batch.ts';

type Message = ToWorker | FromWorker;

const GENERIC = 0;
const BATCH = 1;
const RESULT = 2;
const TEXT = 3;

const VOID = 0;
const NUMBERS = 1;
const PLAIN = 2;
const CODED = 3;

const BATCH_HEADER = 32;
const RESULT_HEADER = 40;

interface PackedValues {
  readonly kind: number;
  readonly count: number;
  readonly bytes: Uint8Array | null;
}

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function pack(valueBatch: ValueBatch): PackedValues {
  switch (valueBatch.kind) {
    case 'void':
      return { kind: VOID, count: valueBatch.count, bytes: null };
    case 'numbers': {
      const { values } = valueBatch;
      return { kind: NUMBERS, count: values.length, bytes: bytesOf(values) };
    }
    case 'plain': {
      const { values } = valueBatch;
      const bytes = serialize(values);
      return { kind: PLAIN, count: values.length, bytes };
    }
    case 'coded': {
      const bytes = serialize(valueBatch.message);
      return { kind: CODED, count: valueBatch.count, bytes };
    }
  }
}

/** Doubles in a frame, copied to where they are aligned. */
function doubles(frame: Buffer, offset: number, count: number): Float64Array {
  const values = new Float64Array(count);
  if (count < 8) {
    for (let i = 0; i < count; i++) values[i] = frame.readDoubleLE(offset + 8 * i);
  } else {
    bytesOf(values).set(frame.subarray(offset, offset + 8 * count));
  }
  return values;
}

function unpack(kind: number, count: number, frame: Buffer, offset: number): ValueBatch {
  switch (kind) {
    case VOID:
      return { kind: 'void', count };
    case NUMBERS:
      return { kind: 'numbers', values: doubles(frame, offset, count) };
    case PLAIN:
      return { kind: 'plain', values: deserialize(frame.subarray(offset)) as unknown[] };
    default:
      return { kind: 'coded', count, message: deserialize(frame.subarray(offset)) };
  }
}

function encodeBatch(message: BatchMessage): Buffer {
  const valueBatch = pack(message.args);
  const size = BATCH_HEADER + (valueBatch.bytes?.length ?? 0);
  const frame = Buffer.allocUnsafe(size);
  frame.writeUInt32LE(size, 0);
  frame[4] = BATCH;
  frame[5] = message.slot;
  frame[6] = valueBatch.kind;
  frame.writeUInt32LE(message.context, 8);
  frame.writeUInt32LE(message.run, 12);
  frame.writeUInt32LE(message.batch, 16);
  frame.writeUInt32LE(valueBatch.count, 20);
  frame.writeDoubleLE(message.first, 24);
  if (valueBatch.bytes) frame.set(valueBatch.bytes, BATCH_HEADER);
  return frame;
}

function decodeBatch(frame: Buffer): BatchMessage {
  const count = frame.readUInt32LE(20);
  return {
    type: 'batch',
    slot: frame[5]!,
    context: frame.readUInt32LE(8),
    run: frame.readUInt32LE(12),
    batch: frame.readUInt32LE(16),
    first: frame.readDoubleLE(24),
    args: unpack(frame[6]!, count, frame, BATCH_HEADER),
  };
}

function encodeResult(message: ResultMessage): Buffer {
  const valueBatch = pack(message.values);
  const timeBytes = message.times.byteLength;
  const size = RESULT_HEADER + timeBytes + (valueBatch.bytes?.length ?? 0);
  const frame = Buffer.allocUnsafe(size);
  frame.writeUInt32LE(size, 0);
  frame[4] = RESULT;
  frame[5] = message.last ? 1 : 0;
  frame[6] = valueBatch.kind;
  frame[7] = message.slot;
  frame.writeUInt32LE(message.run, 8);
  frame.writeUInt32LE(message.batch, 12);
  frame.writeUInt32LE(message.offset, 16);
  frame.writeUInt32LE(valueBatch.count, 20);
  frame.writeUInt32LE(message.times.length, 24);
  frame.writeDoubleLE(message.memory ?? -1, 32);
  if (timeBytes > 0) frame.set(bytesOf(message.times), RESULT_HEADER);
  if (valueBatch.bytes) frame.set(valueBatch.bytes, RESULT_HEADER + timeBytes);
  return frame;
}

function decodeResult(frame: Buffer): ResultMessage {
  const times = frame.readUInt32LE(24);
  const body = RESULT_HEADER + 8 * times;
  const memory = frame.readDoubleLE(32);
  const message: ResultMessage = {
    type: 'result',
    run: frame.readUInt32LE(8),
    batch: frame.readUInt32LE(12),
    slot: frame[7]!,
    offset: frame.readUInt32LE(16),
    values: unpack(frame[6]!, frame.readUInt32LE(20), frame, body),
    times: doubles(frame, RESULT_HEADER, times),
    last: frame[5] === 1,
  };
  return memory < 0 ? message : { ...message, memory };
}

/** A message as one frame. */
export function encodeFrame(message: Message): Buffer {
  if (message.type === 'batch') return encodeBatch(message);
  // What few results have is in no header.
  if (message.type === 'result' && !message.by) return encodeResult(message);
  const text = isJson(message) ? Buffer.from(toText(message)) : null;
  const body = text ?? serialize(message);
  const frame = Buffer.allocUnsafe(5 + body.length);
  frame.writeUInt32LE(frame.length, 0);
  frame[4] = text ? TEXT : GENERIC;
  frame.set(body, 5);
  return frame;
}

function decodeFrame(frame: Buffer): Message {
  if (frame[4] === BATCH) return decodeBatch(frame);
  if (frame[4] === RESULT) return decodeResult(frame);
  if (frame[4] === TEXT) return fromText(frame.toString('utf8', 5)) as Message;
  return deserialize(frame.subarray(5)) as Message;
}

/** Its length and its kind: what every frame begins with. */
const PREFIX = 5;

/** Longer than any: what the engine serializes is shorter, and large arrays go through memory. */
const MAX_FRAME = 2 ** 32 - 2 ** 20;

const MIN_SIZES = new Map([
  [GENERIC, PREFIX],
  [BATCH, BATCH_HEADER],
  [RESULT, RESULT_HEADER],
  [TEXT, PREFIX],
]);

/** Something came that no worker of this build sends: it is lost, and so is all that follows. */
class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code = 'ERR_HEDDLE_FRAME';

  constructor(size: number, kind: number) {
    super(
      `heddle: what came on a worker's channel is no message (kind ${kind}, ${size} bytes); ` +
        'something else has written to its descriptors',
    );
  }
}

/** The length of the frame that begins here; of what is no frame there is no end to wait for. */
function sizeOf(bytes: Buffer, offset: number): number {
  const size = bytes.readUInt32LE(offset);
  const kind = bytes[offset + 4]!;
  const least = MIN_SIZES.get(kind);
  if (least === undefined || size < least || size > MAX_FRAME) throw new FrameError(size, kind);
  return size;
}

/** Cuts a stream of bytes into messages. The bytes given may be overwritten after each call. */
export class FrameReader<M extends Message = Message> {
  readonly #deliver: (message: M) => void;
  /** A frame of which only a part has come. */
  #partial: Buffer | null = null;
  #filled = 0;

  /** @param deliver - called with each message, in order */
  constructor(deliver: (message: M) => void) {
    this.#deliver = deliver;
  }

  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#partial) {
        offset = this.#fill(chunk, offset);
        continue;
      }
      const left = chunk.length - offset;
      const size = left >= PREFIX ? sizeOf(chunk, offset) : PREFIX;
      if (left >= PREFIX && left >= size) {
        const frame = chunk.subarray(offset, offset + size);
        offset += size;
        this.#deliver(decodeFrame(frame) as M);
        continue;
      }
      // The beginning itself may be cut; then its bytes are the first thing to fill.
      this.#partial = Buffer.allocUnsafeSlow(size);
      this.#filled = chunk.copy(this.#partial, 0, offset);
      offset = chunk.length;
    }
  }

  #fill(chunk: Buffer, offset: number): number {
    const partial = this.#partial!;
    const taken = Math.min(partial.length - this.#filled, chunk.length - offset);
    chunk.copy(partial, this.#filled, offset, offset + taken);
    this.#filled += taken;
    if (this.#filled < partial.length) return offset + taken;
    const size = sizeOf(partial, 0);
    if (size > partial.length) {
      this.#partial = Buffer.allocUnsafeSlow(size);
      partial.copy(this.#partial);
      return offset + taken;
    }
    this.#partial = null;
    this.#filled = 0;
    this.#deliver(decodeFrame(partial) as M);
    return offset + taken;
  }
}
