/**
 * Waiting for something that this thread has to hear of.
 */

import { type Clock, systemClock, type Timer } from './clock.ts';

const STEP_MS = 10;

/**
 * Calls back after a time in which this thread has listened. While it was busy with something else,
 * it heard nobody: what comes late then is not missing, and a worker with much to say says it in
 * several pieces.
 */
export class ResponsiveTimer {
  #timer: Timer;

  /** @param keep - keeps the process up meanwhile */
  constructor(ms: number, keep: boolean, callback: () => void, clock: Clock = systemClock) {
    let left = Math.ceil(ms / STEP_MS);
    // A step counts as one, however late it comes.
    const step = (): Timer =>
      clock.after(
        STEP_MS,
        () => {
          left--;
          if (left <= 0) callback();
          else this.#timer = step();
        },
        keep,
      );
    this.#timer = step();
  }

  /** Cancels the callback. */
  end(): void {
    this.#timer.cancel();
  }
}
