/**
 * A receiver's "no": memory of a message that can't be opened where it arrives is asked for, and comes as
 * bytes. Both sides of a worker may be the receiver.
 */
import type { SegmentHandle } from '../memory/index.ts';
import type { Codec } from './codec.ts';
import type { AskMessage, BytesMessage } from './messages.ts';

/** Asks the sender for the bytes of memory; null where they can't be had. */
export type Ask = (handle: SegmentHandle) => Promise<ArrayBuffer | null>;

/** One side of the way between a scheduler and a worker. */
export class MemoryExchange {
  readonly #send: (message: AskMessage | BytesMessage, transfer?: readonly unknown[]) => void;
  readonly #bytesOf: (handle: SegmentHandle) => ArrayBuffer | null;
  readonly #asked = new Map<number, (bytes: ArrayBuffer | null) => void>();
  #last = 0;
  #ended = false;

  /**
   * @param send - to the other side
   * @param bytesOf - a copy of memory that was sent from here
   */
  constructor(
    send: (message: AskMessage | BytesMessage, transfer?: readonly unknown[]) => void,
    bytesOf: (handle: SegmentHandle) => ArrayBuffer | null,
  ) {
    this.#send = send;
    this.#bytesOf = bytesOf;
  }

  readonly ask: Ask = (handle) => {
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve) => {
      const id = ++this.#last;
      this.#asked.set(id, resolve);
      try {
        this.#send({ type: 'ask', id, handle });
      } catch {
        this.#answered(id, null);
      }
    });
  };

  receive(message: AskMessage | BytesMessage): void {
    if (message.type === 'bytes') {
      this.#answered(message.id, message.bytes);
      return;
    }
    const { id, handle } = message;
    const bytes = this.#bytesOf(handle);
    try {
      this.#send({ type: 'bytes', id, bytes }, bytes ? [bytes] : []);
    } catch {
      // More than a message can be.
      this.#send({ type: 'bytes', id, bytes: null });
    }
  }

  #answered(id: number, bytes: ArrayBuffer | null): void {
    const resolve = this.#asked.get(id);
    this.#asked.delete(id);
    resolve?.(bytes);
  }

  /** The other side has gone: it answers nothing more. */
  end(): void {
    this.#ended = true;
    for (const id of [...this.#asked.keys()]) this.#answered(id, null);
  }
}

/**
 * Tries again to decode what has failed because memory could not be opened, with its bytes.
 *
 * @param error - what the first try threw
 * @param decode - the next try
 * @returns what that gives
 * @throws the error, where it is another one or the sender has no bytes; each memory is asked for once
 */
export async function decodeWithBytes<T>(
  codec: Pick<Codec, 'unopened' | 'supply'>,
  ask: Ask,
  error: unknown,
  decode: () => T | Promise<T>,
): Promise<T> {
  const asked = new Set<string>();
  const takenBack: (() => void)[] = [];
  let reason = error;
  try {
    for (;;) {
      const memory = codec.unopened(reason);
      if (!memory) throw reason;
      const key = JSON.stringify(memory.handle);
      if (asked.has(key)) throw reason;
      asked.add(key);
      for (const [handle, buffer] of memory.opened) takenBack.push(codec.supply(handle, buffer));
      const bytes = await ask(memory.handle);
      if (!bytes) throw reason;
      takenBack.push(codec.supply(memory.handle, bytes));
      try {
        return await decode();
      } catch (next) {
        reason = next;
      }
    }
  } finally {
    for (const takeBack of takenBack) takeBack();
  }
}
