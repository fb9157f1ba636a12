/**
 * Whether modules are being loaded here.
 *
 * Node opens their files on threads of its own. A descriptor that is opened while its environment is
 * being torn down belongs to nobody and stays open as long as the process: a thread should not be
 * terminated then.
 */

/** While modules load it is told so often that this thread goes on (ms). */
const BEAT_MS = 10;

let loads = 0;
let beat: (() => void) | null = null;
let change: ((by: 1 | -1) => void) | null = null;
let timer: NodeJS.Timeout | undefined;

/**
 * @param changed - told when a load begins (1) and ends (-1)
 * @param beats - called again and again while there is one, unless a task keeps the thread busy
 */
export function watchLoading(changed: (by: 1 | -1) => void, beats: () => void): void {
  change = changed;
  beat = beats;
}

/** Tells of a load. */
export function whileLoading<T>(loading: Promise<T>): Promise<T> {
  if (!change || !beat) return loading;
  change(1);
  loads++;
  timer ??= setInterval(beat, BEAT_MS).unref();
  const ended = (): void => {
    change!(-1);
    if (--loads > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  loading.then(ended, ended);
  return loading;
}
