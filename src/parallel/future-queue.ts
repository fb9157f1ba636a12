/**
 * Futures that wait for workers.
 */
import {
  type CallSite,
  closeJob,
  Job,
  onAbort,
  type ResolvedOptions,
  waitingFutures,
} from '../scheduler/index.ts';
import { type Future, FutureControl, type FutureOwner } from './future.ts';
import { single } from './start.ts';

/** How many futures may wait; 'auto': the square of those that may run at once. */
export type MaxQueue = number | 'auto';

/** A task was submitted to an executor where as many wait as `maxQueue` allows. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  readonly code = 'ERR_HEDDLE_QUEUE_FULL';
  /** How many may wait. */
  readonly maxQueue: number;

  constructor(maxQueue: number) {
    super(
      `The queue is full: ${maxQueue} task(s) wait for workers already (maxQueue). Wait for some of ` +
        'them, as with drain(), or allow more.',
    );
    this.maxQueue = maxQueue;
  }
}

/** A task that has not ended. */
interface Entry {
  readonly control: FutureControl;
  readonly job: Job;
  readonly args: readonly unknown[];
  readonly site: CallSite;
  /** Stops it, once it is on its way. */
  stop: ((why: string) => void) | null;
}

const CANCELLED = 'The future was cancelled';

/** Tasks that may be with workers at once. */
function atOnce({ jobs, concurrency }: ResolvedOptions): number {
  return jobs * concurrency;
}

function abortError(why: string): DOMException {
  return new DOMException(why, 'AbortError');
}

/**
 * Futures by priority, and of the same in the order in which they were submitted, of which as many are
 * on their way as may run at once: so the others can be taken back, and who is on its way runs.
 */
export class FutureQueue implements FutureOwner {
  #waiting: Entry[] = [];
  /** Entries before this one have gone; the array is cut now and then. */
  #head = 0;
  readonly #entries = new Map<FutureControl, Entry>();
  #length = 0;
  #underWay = 0;
  #starting = false;

  /** Notes a task. Errors of a function that can't be sent are the future's. */
  add(
    fn: (...args: never[]) => unknown,
    args: readonly unknown[],
    options: ResolvedOptions,
    site: CallSite,
    maxQueue: MaxQueue = Number.POSITIVE_INFINITY,
  ): Future<unknown> {
    const control = new FutureControl(this);
    const { signal } = options;
    if (signal?.aborted) {
      control.stopped(signal.reason ?? abortError('The executor was stopped'));
      return control.future;
    }
    const most = maxQueue === 'auto' ? atOnce(options) ** 2 : maxQueue;
    const mustWait = this.#length > 0 || this.#underWay >= atOnce(options);
    if (mustWait && this.#length >= most) {
      control.fail(new QueueFullError(most));
      return control.future;
    }
    let job: Job;
    try {
      job = new Job('calls', fn, options);
    } catch (error) {
      control.fail(error);
      return control.future;
    }
    const entry: Entry = { control, job, args, site, stop: null };
    this.#entries.set(control, entry);
    this.#enqueue(entry);
    // Until it starts, nobody else listens to the signal.
    if (signal) {
      const ended = onAbort(signal, () => {
        if (entry.stop === null) this.#drop(entry, signal.reason);
      });
      control.promise.then(ended, ended);
    }
    this.#startMore();
    return control.future;
  }

  /** Futures that wait to be given to a worker. */
  get length(): number {
    return this.#length;
  }

  /** Futures that have not ended. */
  get size(): number {
    return this.#entries.size;
  }

  /** Puts a task behind those of its priority. */
  #enqueue(entry: Entry): void {
    const waiting = this.#waiting;
    const { priority } = entry.job.options;
    let at = waiting.length;
    while (at > this.#head && waiting[at - 1]!.job.options.priority < priority) at--;
    if (at === waiting.length) waiting.push(entry);
    else waiting.splice(at, 0, entry);
    if (this.#length++ === 0) waitingFutures.add(this);
  }

  /** A task waits no more. */
  #dequeued(): void {
    if (--this.#length === 0) waitingFutures.delete(this);
  }

  /** The options of the tasks that wait. */
  *waiting(): Iterable<ResolvedOptions> {
    for (const entry of this.#waiting.slice(this.#head)) {
      if (this.#isWaiting(entry)) yield entry.job.options;
    }
  }

  /** Everything that has not been given to a worker is cancelled. */
  cancelWaiting(): void {
    for (const entry of this.#waiting.slice(this.#head)) {
      if (this.#isWaiting(entry)) this.#drop(entry, abortError('The executor was closed'));
    }
  }

  /** Settles when all that are there are done, however. */
  async finished(): Promise<void> {
    await Promise.allSettled([...this.#entries.keys()].map(({ promise }) => promise));
  }

  /** Settles when nothing waits or runs, with what is submitted meanwhile. */
  async drained(): Promise<void> {
    while (this.size > 0) await this.finished();
  }

  cancel(control: FutureControl): void {
    const entry = this.#entries.get(control);
    if (!entry) return;
    if (this.#isWaiting(entry)) {
      this.#drop(entry, abortError(CANCELLED));
      return;
    }
    // Who looks at it next must see it, although the worker may take a moment.
    this.#entries.delete(control);
    control.stopped(abortError(CANCELLED));
    entry.stop?.(CANCELLED);
  }

  #isWaiting({ control, stop }: Entry): boolean {
    return stop === null && this.#entries.has(control);
  }

  /** Ends a future that was never started. */
  #drop(entry: Entry, error: unknown): void {
    if (!this.#entries.delete(entry.control)) return;
    this.#dequeued();
    closeJob(entry.job);
    entry.control.stopped(error);
  }

  #startMore(): void {
    // A task of the calling process may submit another one while it starts.
    if (this.#starting) return;
    this.#starting = true;
    try {
      for (let entry = this.#waiting[this.#head]; entry; entry = this.#waiting[this.#head]) {
        const isWaiting = this.#isWaiting(entry);
        if (isWaiting && this.#underWay >= atOnce(entry.job.options)) return;
        this.#waiting[this.#head++] = undefined as never;
        if (!isWaiting) continue;
        this.#dequeued();
        this.#start(entry);
      }
    } finally {
      this.#starting = false;
      if (this.#head * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#head);
        this.#head = 0;
      }
    }
  }

  #start(entry: Entry): void {
    const { control, job, args, site } = entry;
    this.#underWay++;
    const ended = (): void => {
      this.#underWay--;
      this.#startMore();
    };
    const { result, stop } = single(job, [0, args], site, {
      dispatched: (_count, worker) => control.dispatched(worker),
      withdrawn: () => control.withdrawn(),
      finished: (event) => control.ran(event),
      ended: () => queueMicrotask(ended),
    });
    entry.stop = stop;
    result.then(
      (value) => this.#settle(entry, () => control.fulfil(value)),
      (error: unknown) => {
        const { signal } = job.options;
        const stopped = signal?.aborted === true && error === signal.reason;
        this.#settle(entry, () => (stopped ? control.stopped(error) : control.fail(error)));
      },
    );
  }

  #settle({ control }: Entry, settle: () => void): void {
    // One that was cancelled has been told so.
    if (this.#entries.delete(control)) settle();
  }
}
