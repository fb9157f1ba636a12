/**
 * Engines that get nothing because others have their cores: actors, and tasks that want several.
 */
import type { EngineId } from '../transport/types.ts';
import type { HeldChunk } from './held.ts';

/** Who wants engines held back. */
export class Hold {
  readonly cpus: number;
  isSettled = false;
  readonly #begin: (engines: readonly EngineId[] | null) => void;

  /** @param begin - called with the engines; with null where there will be none */
  constructor(cpus: number, begin: (engines: readonly EngineId[] | null) => void) {
    this.cpus = cpus;
    this.#begin = begin;
  }

  begin(engines: readonly EngineId[]): void {
    this.isSettled = true;
    this.#begin(engines);
  }

  lost(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#begin(null);
  }
}

/** Tasks that wait with an entry of the queue. */
export function tasksOf(item: HeldChunk | Hold): number {
  return item instanceof Hold ? 0 : item.chunk.count;
}
