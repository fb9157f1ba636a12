/**
 * Many jobs on one signal: it gets one listener of ours, however many they are, so that Node has no
 * reason to warn of a leak.
 */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();
const listeners = new WeakMap<AbortSignal, () => void>();

/**
 * Calls back when a signal aborts.
 *
 * @returns what takes the callback back
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = waiting.get(signal);
  if (!callbacks) {
    callbacks = new Set();
    waiting.set(signal, callbacks);
  }
  const all = callbacks;
  if (all.size === 0) {
    const listener = (): void => {
      for (const one of [...all]) one();
    };
    listeners.set(signal, listener);
    signal.addEventListener('abort', listener, { once: true });
  }
  all.add(callback);
  return () => {
    if (!all.delete(callback) || all.size > 0) return;
    signal.removeEventListener('abort', listeners.get(signal)!);
  };
}
