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
  #messages: FromWorker[] = [];
  #done = false;

  constructor(chunk: Chunk, job: JobRecord, settled: (outcome: Outcome) => void) {
    this.chunk = chunk;
    this.job = job;
    this.#settled = settled;
  }

  /** It has its outcome. */
  get isSettled(): boolean {
    return this.#done;
  }

  /** Takes what an engine sends about it. */
  add(message: FromWorker): void {
    if (!this.#done) this.#messages.push(message);
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
  }
}
