/**
 * Waiting for something that this thread has to hear of.
 */

import { type Clock, systemClock, type Timer } from './clock.ts';

const STEP_MS = 10;

/** A time is waited for in so many steps at most. */
const MAX_STEPS = 100;

/**
 * Calls back after a time in which this thread has listened. While it was busy with something else,
 * it heard nobody: what comes late then is not missing, and a worker with much to say says it in
 * several pieces.
 */
export class ResponsiveTimer {
  #timer: Timer;

  /** @param keep - keeps the process up meanwhile */
  constructor(ms: number, keep: boolean, callback: () => void, clock: Clock = systemClock) {
    const each = Math.max(STEP_MS, ms / MAX_STEPS);
    let left = Math.ceil(ms / each);
    // A step counts as one, however late it comes.
    const step = (): Timer =>
      clock.after(
        each,
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
