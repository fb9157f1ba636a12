/**
 * Work chunks: numeric loops cut into ranges.
 */

import { rangeError, typeError } from '../errors.ts';
import { CallSite, type ParallelOptions, resolveOptions, taskSource } from '../scheduler/index.ts';
import type { TaskContext } from '../worker/index.ts';
import { collect } from './start.ts';

/** A range of a loop. */
export interface WorkChunk {
  readonly start: number;
  /** One past the last. */
  readonly end: number;
}

const SMALL = 100;
const MIN_CHUNK = 100;
const MAX_CHUNK = 4000;

/** How a loop of `total` steps is cut, as LensKit does it. */
export class WorkChunks implements Iterable<WorkChunk> {
  readonly total: number;
  readonly chunkSize: number;
  readonly chunkCount: number;

  private constructor(total: number, chunkSize: number) {
    this.total = total;
    this.chunkSize = chunkSize;
    this.chunkCount = total === 0 ? 0 : Math.ceil(total / chunkSize);
  }

  /**
   * Cuts a loop: fewer than 100 steps stay together, else the size is ⌊total / 1000⌋, at least 100
   * and at most 4000.
   *
   * @param total - steps of the loop
   */
  static create(total: number): WorkChunks {
    const right = 'a whole number of at least 0';
    if (typeof total !== 'number') throw typeError('total', total, right);
    if (!Number.isSafeInteger(total) || total < 0) throw rangeError('total', total, right);
    if (total < SMALL) return new WorkChunks(total, total);
    return new WorkChunks(
      total,
      Math.min(Math.max(Math.floor(total / 1000), MIN_CHUNK), MAX_CHUNK),
    );
  }

  *[Symbol.iterator](): Generator<WorkChunk, undefined> {
    for (let start = 0; start < this.total; start += this.chunkSize) {
      yield { start, end: Math.min(start + this.chunkSize, this.total) };
    }
  }
}

/** Called for each range of a loop. */
export type ChunkFunction<R> = (
  start: number,
  end: number,
  context: TaskContext,
) => R | PromiseLike<R>;

/**
 * Calls `fn` for each range of a loop of `total` steps on several cores, and gives what the calls
 * return in order. Loops that fill an array write into a shared one.
 *
 * @example
 * ```ts
 * const out = shared.zeros('float64', [n]);
 * await mapChunks(n, (start, end) => { for (let i = start; i < end; i++) out[i] = f(i); });
 * ```
 */
export async function mapChunks<R>(
  total: number,
  fn: ChunkFunction<R>,
  options?: ParallelOptions,
): Promise<Awaited<R>[]> {
  const site = new CallSite(mapChunks);
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  const chunks = WorkChunks.create(total);
  const resolved = resolveOptions(options);
  const ranges = Array.from(chunks, ({ start, end }) => [start, end]);
  const results = await collect('spread', fn, resolved, site, taskSource(ranges));
  return results as Awaited<R>[];
}
