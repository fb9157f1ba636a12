/**
 * Decodes what workers send, once the modules that it needs are there, and the memory that can't be
 * opened here has come as bytes.
 */
import { type Codec, decodeWithBytes } from '../protocol/index.ts';
import type { PooledWorker } from './seams.ts';

/** What is done with a message. */
export interface Decoded<T> {
  use(value: T): void;
  failed(error: unknown): void;
}

/** Whose messages are decoded. */
export interface DecodingOwner {
  readonly codec: Codec;
  /** Whether nobody wants the values any more. */
  hasEnded(): boolean;
  /** A user of a value has thrown. */
  failed(error: unknown): void;
  /** A message that had to wait is done. */
  settled(): void;
}

export class Decoding {
  /** Messages that can't be decoded yet, or whose memory's fate is not known. */
  pending = 0;
  readonly #owner: DecodingOwner;

  constructor(owner: DecodingOwner) {
    this.#owner = owner;
  }

  /**
   * @param worker - who sent it; it lives until it is decoded
   * @param message - the codec's; null where it needs no codec
   */
  decode<T>(worker: PooledWorker, message: unknown, decode: () => T, handlers: Decoded<T>): void {
    const { codec } = this.#owner;
    const wait = message === null ? null : codec.loading(message);
    if (wait) {
      const loaded = wait.then(decode);
      this.#hold(worker, this.#settle(worker, message, loaded, decode, handlers));
      return;
    }
    let value: T;
    try {
      value = decode(); // whether the run has ended or not: that frees memory of the sender
    } catch (error) {
      if (this.#mayAsk(error)) {
        const refused = Promise.reject(error);
        this.#hold(worker, this.#settle(worker, message, refused, decode, handlers));
      } else this.#fail(message, error, handlers);
      return;
    }
    if (!this.#owner.hasEnded()) handlers.use(value);
  }

  async #settle<T>(
    worker: PooledWorker,
    message: unknown,
    first: Promise<T>,
    decode: () => T,
    handlers: Decoded<T>,
  ): Promise<void> {
    const { codec } = this.#owner;
    let value: T;
    try {
      value = await first.catch((error: unknown) => {
        if (!this.#mayAsk(error)) throw error;
        return decodeWithBytes(codec, worker.ask, error, async () => {
          await codec.loading(message);
          return decode();
        });
      });
    } catch (error) {
      this.#fail(message, error, handlers);
      return;
    }
    if (!this.#owner.hasEnded()) handlers.use(value);
  }

  /** Whether the sender may have a copy of what an error is about, and somebody wants it. */
  #mayAsk(error: unknown): boolean {
    const { codec } = this.#owner;
    return !this.#owner.hasEnded() && codec.unopened(error) !== null;
  }

  #fail<T>(message: unknown, error: unknown, { failed }: Decoded<T>): void {
    const { codec } = this.#owner;
    if (codec.unopened(error)) codec.drop({ kind: 'coded', count: 1, message });
    if (!this.#owner.hasEnded()) failed(error);
  }

  #hold(worker: PooledWorker, rest: Promise<void>): void {
    this.pending++;
    worker.hold();
    rest
      .catch((error: unknown) => this.#owner.failed(error))
      .finally(() => {
        this.pending--;
        worker.letGo();
        this.#owner.settled();
      });
  }
}
