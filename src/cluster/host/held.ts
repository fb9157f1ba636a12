/**
 * A chunk at its host.
 */
import type { FromWorker, RunBy, WorkerExit } from '../../protocol/index.ts';
import type { Chunk, JobRecord, Outcome } from '../transport/types.ts';

/** A chunk that has come, until its outcome has been given. */
export class HeldChunk {
  readonly chunk: Chunk;
  readonly job: JobRecord;
  readonly #settled: (outcome: Outcome) => void;
  /** Takes messages as they come, instead of with the outcome. */
  readonly #told: ((message: FromWorker) => void) | null;
  #messages: FromWorker[] = [];
  #done = false;
  #release: (() => void) | null = null;

  constructor(
    chunk: Chunk,
    job: JobRecord,
    settled: (outcome: Outcome) => void,
    told?: (message: FromWorker) => void,
  ) {
    this.chunk = chunk;
    this.job = job;
    this.#settled = settled;
    this.#told = told ?? null;
  }

  /** Engines that it takes: all but one are held back. */
  get cpus(): number {
    const { target } = this.chunk;
    return target.kind === 'any' ? (target.cpus ?? 1) : 1;
  }

  /** Calls back when it has its outcome, or {@link HeldChunk.released} is called. */
  whenSettled(callback: () => void): void {
    this.#release = callback;
  }

  /** What was held back for it is not needed now. */
  released(): void {
    const release = this.#release;
    this.#release = null;
    release?.();
  }

  /** It has its outcome. */
  get isSettled(): boolean {
    return this.#done;
  }

  /** Takes what an engine sends about it. */
  add(message: FromWorker): void {
    if (this.#done) return;
    if (this.#told) this.#told(message);
    else this.#messages.push(message);
  }

  done(by: RunBy): void {
    this.#give({ kind: 'done', by, clock: 0, messages: this.#messages });
  }

  ended(by: RunBy | null, exit: WorkerExit): void {
    this.#give({ kind: 'ended', by, clock: 0, messages: this.#messages, exit });
  }

  /** It is over for those who wait for it. */
  lost(by: RunBy | null, why: string): void {
    this.ended(by, { reason: 'lost', why });
  }

  #give(outcome: Outcome): void {
    if (this.#done) return;
    this.#done = true;
    this.#messages = [];
    this.#settled(outcome);
    this.released();
  }
}
