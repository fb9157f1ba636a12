/**
 * Giving memory back that a job has left behind.
 *
 * A mapping ends when its ArrayBuffer is collected, and a worker without work collects nothing: a
 * model of a job that has ended would stay in memory for as long as the worker idles.
 */
import v8 from 'node:v8';
import vm from 'node:vm';

/** Collecting takes a few milliseconds: it has to be worth that. */
const LEAST_BYTES = 8 * 2 ** 20;
/** What begins at once after a job should not wait for it. */
const DELAY_MS = 5;

let borrowed = 0;
let collect: (() => void) | null = null;
let waiting = false;
/** Out of the engine's reach while it collects. */
let kept: readonly unknown[] = [];

/** Counts memory that was mapped for one message. */
export function borrow(bytes: number): void {
  borrowed += bytes;
}

/**
 * Collects garbage soon, if there is much memory in it.
 *
 * @param keep - gives what is to stay, also where nobody has it now
 */
export function collectSoon(keep: () => readonly unknown[]): void {
  if (waiting || kept.length > 0 || borrowed < LEAST_BYTES) return;
  // It takes time in proportion to the heap, and none to what is mapped.
  if (borrowed < v8.getHeapStatistics().used_heap_size) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    borrowed = 0;
    collect ??= collector();
    kept = keep();
    collect();
    kept = [];
  }, DELAY_MS).unref();
}

/** The engine gives it to contexts that are made while a flag is set. */
function collector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const found = vm.runInNewContext('gc') as () => void;
  v8.setFlagsFromString('--no-expose-gc');
  return found;
}
