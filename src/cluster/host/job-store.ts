/**
 * The jobs that chunks name.
 */
import type { JobRecord } from '../transport/types.ts';

/** A job, and who still needs it. */
interface Entry {
  readonly record: JobRecord;
  /** Chunks that have not been settled. */
  chunks: number;
  withdrawn: boolean;
}

/** Keeps jobs until they have been withdrawn and the last of their chunks is done. */
export class JobStore {
  readonly #jobs = new Map<string, Entry>();
  readonly #forgotten: (key: string) => void;
  #last = 0;

  /** @param forgotten - called when a job is needed no more */
  constructor(forgotten: (key: string) => void) {
    this.#forgotten = forgotten;
  }

  get size(): number {
    return this.#jobs.size;
  }

  add(record: JobRecord): string {
    const key = `job${++this.#last}`;
    this.#jobs.set(key, { record, chunks: 0, withdrawn: false });
    return key;
  }

  get(key: string): JobRecord | undefined {
    return this.#jobs.get(key)?.record;
  }

  /** A chunk of the job has come; false where the job is not known. */
  hold(key: string): boolean {
    const entry = this.#jobs.get(key);
    if (entry) entry.chunks++;
    return entry !== undefined;
  }

  /** A chunk of the job has been settled. */
  release(key: string): void {
    const entry = this.#jobs.get(key);
    if (!entry) return;
    entry.chunks--;
    this.#dropIfDone(key, entry);
  }

  withdraw(key: string): void {
    const entry = this.#jobs.get(key);
    if (!entry) return;
    entry.withdrawn = true;
    this.#dropIfDone(key, entry);
  }

  #dropIfDone(key: string, { chunks, withdrawn }: Entry): void {
    if (!withdrawn || chunks > 0) return;
    this.#jobs.delete(key);
    this.#forgotten(key);
  }
}
