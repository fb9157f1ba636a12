/**
 * Waiting for something that this thread has to hear of.
 */

const STEP_MS = 10;

/**
 * Calls back after a time in which this thread has listened. While it was busy with something else,
 * it heard nobody: what comes late then is not missing, and a worker with much to say says it in
 * several pieces.
 */
export class ResponsiveTimer {
  #timer: NodeJS.Timeout;

  /** @param keep - keeps the process up meanwhile */
  constructor(ms: number, keep: boolean, callback: () => void) {
    let left = Math.ceil(ms / STEP_MS);
    const step = (): NodeJS.Timeout => {
      // A step counts as one, however late it comes.
      const timer = setTimeout(() => {
        left--;
        if (left <= 0) callback();
        else this.#timer = step();
      }, STEP_MS);
      if (!keep) timer.unref();
      return timer;
    };
    this.#timer = step();
  }

  /** Cancels the callback. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
