/**
 * Decodes what workers send, once the modules that it needs are there.
 */
import type { PooledWorker } from './seams.ts';

/** What is done with a message. */
export interface Decoded<T> {
  use(value: T): void;
  failed(error: unknown): void;
}

export class Decoding {
  /** Messages that can't be decoded yet, or whose memory's fate is not known. */
  pending = 0;
  readonly #hasEnded: () => boolean;
  readonly #failed: (error: unknown) => void;
  readonly #settled: () => void;

  /**
   * @param hasEnded - whether nobody wants the values any more
   * @param failed - called with what a user of a value throws
   * @param settled - called when one that had to wait is done
   */
  constructor(hasEnded: () => boolean, failed: (error: unknown) => void, settled: () => void) {
    this.#hasEnded = hasEnded;
    this.#failed = failed;
    this.#settled = settled;
  }

  /**
   * @param worker - who sent it; it lives until it is decoded
   * @param wait - until the modules are there; null where they are
   */
  decode<T>(
    worker: PooledWorker,
    wait: Promise<void> | null,
    decode: () => T,
    { use, failed }: Decoded<T>,
  ): void {
    const act = (): void => {
      let value: T;
      try {
        value = decode(); // whether the run has ended or not: that frees memory of the sender
      } catch (error) {
        if (!this.#hasEnded()) failed(error);
        return;
      }
      if (!this.#hasEnded()) use(value);
    };
    if (!wait) {
      act();
      return;
    }
    this.pending++;
    worker.hold();
    wait
      .then(act, (error: unknown) => {
        if (!this.#hasEnded()) failed(error);
      })
      .catch(this.#failed)
      .finally(() => {
        this.pending--;
        worker.letGo();
        this.#settled();
      });
  }
}
