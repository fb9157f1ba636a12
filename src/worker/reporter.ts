/**
 * What a worker sends of its batches: results, failures, and their end.
 */
import type { BatchMessage, Codec, FailureMessage, TaskClaims } from '../protocol/index.ts';
import type { RunContext } from './context.ts';
import { type CallsTask, type Opened, stepsOf } from './contexts.ts';
import { packError } from './failures.ts';
import type { RunnerHost } from './runner-host.ts';

const noTimes = new Float64Array(0);

/** A batch that is running. */
export interface Work {
  readonly batch: BatchMessage;
  readonly opened: Opened;
  readonly args: ArrayLike<unknown>;
  readonly claims: TaskClaims;
  readonly slot: number;
  readonly context: RunContext;
  /** Results that have not been sent, the first of them at position `offset`. */
  results: unknown[];
  /** Start and end of the tasks of these results, and of the one that runs. */
  readonly times: Float64Array;
  /** Entries of `times` that are in use. */
  used: number;
  offset: number;
  /** When the results were last sent. */
  flushed: number;
  stopped: boolean;
  /** Send each result at once. */
  readonly eager: boolean;
}

/** The call of a task of mode 'calls' that gave its result. */
function lastStep(task: unknown): number {
  return stepsOf(task as CallsTask) - 1;
}

export class Reporter {
  readonly #host: RunnerHost;

  constructor(host: RunnerHost) {
    this.#host = host;
  }

  /** Ends a batch whose arguments can't be made; the context is as good as before. */
  unreadable(batch: BatchMessage, opened: Opened, error: unknown): void {
    const packed = packError(opened.codec, error);
    const message = { type: 'unreadable', batch: batch.batch, error: packed.message } as const;
    this.#host.send(message, packed.transfer);
    this.#sendLast(batch, 0);
  }

  /** Ends a batch whose context is not there, after the parent has been told why. */
  giveUp(batch: BatchMessage, opened?: Opened): void {
    if (opened?.telling) void opened.telling.then(() => this.#sendLast(batch, 0));
    else this.#sendLast(batch, 0);
  }

  /** @param when - its start and end, and at which call of a task that is several */
  failure(
    work: Work,
    offset: number,
    error: unknown,
    { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
  ): void {
    this.#tellCores(work);
    const packed = packError(work.opened.codec, error);
    const { run, batch } = work.batch;
    const at = step > 0 ? { step } : {};
    const message = {
      type: 'failure',
      run,
      batch,
      offset,
      error: packed.message,
      start,
      end,
      ...at,
    };
    this.#host.send(message as FailureMessage, packed.transfer);
  }

  /** Tells what native operations have had of the cores, where somebody wants to know. */
  #tellCores({ opened, batch }: Work): void {
    if (!opened.message.cores) return;
    const spans = this.#host.cores();
    if (spans) this.#host.send({ type: 'cores', run: batch.run, batch: batch.batch, spans });
  }

  /** Sends the results that there are. */
  flush(work: Work, last: boolean): void {
    const { results, opened } = work;
    if (results.length === 0) {
      if (last) this.#sendLast(work.batch, work.offset, opened);
      return;
    }
    // To encode and send is no task's time.
    work.claims.idle(work.slot);
    this.#tellCores(work);
    const { offset } = work;
    const times = work.times.slice(0, work.used);
    work.results = [];
    work.used = 0;
    work.offset = offset + results.length;
    try {
      this.#sendResults(work, offset, results, times, last);
    } catch {
      // One of them can't be sent. Which one? Its task has failed; the others have not.
      for (let i = 0; i < results.length; i++) {
        const span = times.subarray(2 * i, 2 * i + 2);
        try {
          this.#sendResults(work, offset + i, [results[i]], span, false);
        } catch (error) {
          const named = this.#named(opened.codec, results[i], error);
          const step = opened.message.mode === 'calls' ? lastStep(work.args[offset + i]) : 0;
          this.failure(work, offset + i, named, { start: span[0]!, end: span[1]!, step });
          if (!opened.message.collectErrors) {
            work.stopped = true;
            break;
          }
        }
      }
      if (last) this.#sendLast(work.batch, work.offset, opened);
    }
  }

  /** The error about a result that can't be sent, with a path that starts at the result. */
  #named(codec: Codec, result: unknown, error: unknown): unknown {
    try {
      codec.packOne(result, 'result').release?.();
    } catch (named) {
      return named;
    }
    return error;
  }

  #sendResults(
    work: Work,
    offset: number,
    results: readonly unknown[],
    times: Float64Array,
    last: boolean,
  ): void {
    const { run, batch, slot } = work.batch;
    const packed = work.opened.codec.pack(results, 'result');
    const values = packed.message;
    const message = { type: 'result', run, batch, slot, offset, values, times, last } as const;
    const memory = last && work.opened.message.memory ? this.#host.memory() : null;
    this.#host.send(memory === null ? message : { ...message, memory }, packed.transfer);
    // Segments of results live on until the receiver has opened them.
    packed.release?.();
    packed.takeAway?.();
  }

  #sendLast(batch: BatchMessage, offset: number, opened?: Opened): void {
    const message = {
      type: 'result',
      run: batch.run,
      batch: batch.batch,
      slot: batch.slot,
      offset,
      values: { kind: 'void', count: 0 },
      times: noTimes,
      last: true,
    } as const;
    const memory = opened?.message.memory ? this.#host.memory() : null;
    this.#host.send(memory === null ? message : { ...message, memory });
  }
}
