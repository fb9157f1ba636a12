/**
 * How a thread is ended: what it and its scheduler tell each other by words of shared memory.
 *
 * Node opens files on threads of its own. A descriptor that is opened while the environment that asked for it
 * is being torn down belongs to nobody, and stays open as long as the process. So a thread is asked to stand
 * still at a moment when it has no file being opened, and terminated then.
 */

/** Of the thread's words. */
export const ThreadWord = {
  /** How many modules, or groups of them, it is loading. */
  Loads: 0,
  /** Grows while it loads or waits for files: it goes on. */
  Beats: 1,
  /** 1 when it takes messages. */
  Ready: 2,
  /** 1 when it stands still, and has no file being opened. */
  Still: 3,
} as const;

/** Bytes of a thread's words. */
export const THREAD_WORDS_BYTES = 4 * Int32Array.BYTES_PER_ELEMENT;

/** The message by which a thread is asked to stand still. What comes behind it is not taken. */
export const STAND_STILL = 'heddle:stand-still';
