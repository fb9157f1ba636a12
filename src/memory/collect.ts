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
/** Two or three will do, unless threads do nothing but set flags. */
const MAX_TRIES = 20;

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
    if (collect === null) {
      // The memory comes back when the engine collects by itself; the next job tries again.
      waiting = false;
      return;
    }
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

/**
 * What collects garbage: the engine gives it to contexts that are made while a flag is set.
 *
 * The flag is the whole process's: another thread may take it away between our two calls, so we look at
 * what we have got. Where the program itself was started with it, it stays.
 *
 * @returns null where there was none to be had
 */
export function collector(): Collector | null {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  const { runInNewContext } = process.getBuiltinModule('node:vm');
  const find = () => runInNewContext('typeof gc === "function" ? gc : null') as Collector | null;
  let found = find();
  for (let tries = 0; found === null && tries < MAX_TRIES; tries++) {
    setFlagsFromString('--expose-gc');
    found = find();
    setFlagsFromString('--no-expose-gc');
  }
  return found;
}
