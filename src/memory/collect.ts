/**
 * Giving memory back that a job has left behind.
 *
 * A mapping ends when its ArrayBuffer is collected, and a worker without work collects nothing: a
 * model of a job that has ended would stay in memory for as long as the worker idles.
 */
import { native } from '../native.ts';

/** Collecting takes a few milliseconds: it has to be worth that. */
const MIN_BYTES = 8 * 2 ** 20;
/** What begins at once after a job should not wait for it. */
const DELAY_MS = 5;
/** The engine unmaps on another thread, after it has collected. */
const UNMAPPED_MS = 5;

type Collector = (options?: { type: 'minor' }) => void;

let borrowed = 0;
let collect: Collector | null = null;
let waiting = false;
/** Whether a job has ended since the quick collections. */
let asked = false;
/** What it holds is out of the engine's reach while that collects. */
const reach: { kept: readonly unknown[] } = { kept: [] };

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
  asked = true;
  if (waiting || borrowed < MIN_BYTES) return;
  // It takes time in proportion to the heap, and none to what is mapped.
  if (borrowed < process.getBuiltinModule('node:v8').getHeapStatistics().used_heap_size) return;
  waiting = true;
  setTimeout(() => {
    asked = false;
    collect ??= collector();
    // A fraction of a millisecond each, and enough after a short job: the first ends an object that
    // v8.deserialize() leaves behind, which keeps what it has read, and the second that.
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    const before = borrowed;
    setTimeout(() => {
      waiting = false;
      if (native.memory.lent() > 0) {
        // Another job has begun meanwhile, and perhaps ended; if not, its end will come here.
        if (borrowed !== before) {
          if (asked) collectSoon(keep);
          return;
        }
        reach.kept = keep();
        collect!();
        reach.kept = [];
      }
      borrowed = 0;
    }, UNMAPPED_MS).unref();
  }, DELAY_MS).unref();
}

/** The engine gives it to contexts that are made while a flag is set. */
function collector(): Collector {
  const v8 = process.getBuiltinModule('node:v8');
  const vm = process.getBuiltinModule('node:vm');
  v8.setFlagsFromString('--expose-gc');
  const found = vm.runInNewContext('gc') as Collector;
  v8.setFlagsFromString('--no-expose-gc');
  return found;
}
