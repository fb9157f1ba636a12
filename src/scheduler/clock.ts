/**
 * The time that a scheduler goes by. Tests give it one of their own.
 */

/** A timer that was started. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds. */
  now(): number;
  /**
   * Calls back later.
   *
   * @param keep - keeps the process up meanwhile
   */
  after(ms: number, callback: () => void, keep?: boolean): Timer;
}

/** Node's. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback, keep = false) {
    const timer = setTimeout(callback, ms);
    if (!keep) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
