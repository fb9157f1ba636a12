/**
 * The bytes of a function's payload: what tells it from others, and how large it is.
 */
import v8 from 'node:v8';

/** Numbers of shared buffers, which are the same memory only for the threads of one process. */
const ids = new WeakMap<SharedArrayBuffer, number>();
let next = 0;

class PayloadSerializer extends v8.DefaultSerializer {
  /** V8 asks how shared memory is known; it goes to threads, by the message that the payload is in. */
  _getSharedArrayBufferId(buffer: SharedArrayBuffer): number {
    let id = ids.get(buffer);
    if (id === undefined) {
      id = next++;
      ids.set(buffer, id);
    }
    return id;
  }
}

/**
 * Plain data as bytes; equal for equal data, but for shared buffers, of which each has a number here.
 *
 * @param content - what structured clone takes
 */
export function payloadBytes(content: unknown): Buffer {
  const serializer = new PayloadSerializer();
  serializer.writeHeader();
  serializer.writeValue(content);
  return serializer.releaseBuffer();
}
