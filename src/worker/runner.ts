/**
 * Runs batches: the half of the engine that lives where the tasks do.
 *
 * The same code runs in a process, in a thread, and in the caller's own environment for the
 * sequential backend. Tasks of a batch run one after another; one that returns no promise costs no
 * promise here either. Several batches are run at once where a worker may run several tasks at a
 * time: while one waits for its promise, the others go on.
 */
import { setMaxListeners } from 'node:events';
import { typeError } from '../errors.ts';
import {
  type BatchMessage,
  ClaimTable,
  decodeWithBytes,
  type ToWorker,
} from '../protocol/index.ts';
import { LazyContext, type RunContext } from './context.ts';
import { Contexts, type Opened, reachedStep } from './contexts.ts';
import { Reporter, type Work } from './reporter.ts';
import { receiveReply } from './requests.ts';
import type { RunnerHost } from './runner-host.ts';
import { isThenable } from './thenable.ts';

/** Results are sent at the latest this long after the first of them was there (ms). */
const FLUSH_MS = 4;

/** Results of tasks that took so long are sent at once (ms). */
const SLOW_MS = 0.3;

/** In batches of so few tasks each result is sent at once. */
const MAILBOX_CAPACITY = 8;

function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return value === null || (type !== 'object' && type !== 'function' && type !== 'symbol');
}

export class Runner {
  readonly #host: RunnerHost;
  readonly #contexts: Contexts;
  readonly #reporter: Reporter;
  readonly #queue: BatchMessage[] = [];
  /** The runs of the batches that are running, or wait for a module. */
  readonly #running: number[] = [];
  #draining = false;
  #stopping = false;
  /** The runs whose tasks have asked for a signal, or are running. */
  readonly #signals = new Map<number, AbortController>();

  constructor(host: RunnerHost) {
    this.#host = host;
    this.#contexts = new Contexts(host);
    this.#reporter = new Reporter(host);
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'batch':
        this.#queue.push(message);
        this.#drain();
        return;
      case 'open':
        this.#contexts.open(message);
        return;
      case 'functions':
        this.#contexts.add(message);
        return;
      case 'close':
        this.#contexts.close(message.context);
        return;
      case 'abort':
        // A task that asks for its signal later gets an aborted one; the end of the batch clears it.
        if (this.#running.length > 0) this.#controller(message.run).abort();
        return;
      case 'init':
        return;
      case 'ask':
      case 'bytes':
        this.#host.exchange?.receive(message);
        return;
      case 'reply':
        receiveReply(message);
        return;
      case 'stop':
        this.#stopping = true;
        this.#drain();
    }
  }

  #start(batch: BatchMessage): void {
    const opened = this.#contexts.get(batch.context);
    // A context that has been closed belongs to a job that has ended: nobody waits.
    if (!opened || opened.failed) {
      this.#reporter.giveUp(batch, opened);
      return;
    }
    const wait = this.#waitFor(batch, opened);
    if (!wait) {
      this.#enter(batch, opened);
      return;
    }
    this.#later(
      batch,
      wait,
      () => {
        if (opened.failed || opened.loading) this.#start(batch);
        else this.#enter(batch, opened);
      },
      (error) => this.#refuse(batch, opened, error),
    );
  }

  /** Goes on with a batch when something is there, which counts as running meanwhile. */
  #later<T>(
    { run }: BatchMessage,
    wait: Promise<T>,
    then: (value: T) => void,
    failed: (error: unknown) => void,
  ): void {
    this.#running.push(run);
    const settled =
      <V>(goOn: (value: V) => void) =>
      (value: V): void => {
        this.#forget(run);
        goOn(value);
        this.#drain();
      };
    wait.then(settled(then), settled(failed));
  }

  /** The arguments of a batch can't be made. Memory that can't be opened here is asked for. */
  #refuse(batch: BatchMessage, opened: Opened, error: unknown): void {
    const { exchange } = this.#host;
    const { codec } = opened;
    const { args } = batch;
    if (!exchange || !codec.unopened(error) || args.kind !== 'coded') {
      this.#reporter.unreadable(batch, opened, error);
      return;
    }
    const asked = decodeWithBytes(codec, exchange.ask, error, async () => {
      await codec.loading(args.message);
      return codec.unpack(args);
    });
    this.#later(
      batch,
      asked,
      (made) => {
        if (opened.failed) this.#start(batch);
        else this.#begin(batch, opened, made);
      },
      (reason) => {
        codec.drop(args);
        this.#reporter.unreadable(batch, opened, reason);
      },
    );
  }

  /** What has to be there before a batch: the functions, the model, and what its arguments need. */
  #waitFor({ args }: BatchMessage, opened: Opened): Promise<void> | null {
    const ready = args.kind === 'coded' ? opened.codec.loading(args.message) : null;
    const { loading } = opened;
    return loading && ready ? Promise.all([loading, ready]).then(() => {}) : (loading ?? ready);
  }

  /** Runs what is queued. In a loop, because a batch may end before its start has returned. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    while (this.#running.length < this.#host.concurrency) {
      const batch = this.#queue.shift();
      if (!batch) break;
      this.#start(batch);
    }
    this.#draining = false;
    if (this.#stopping && this.#running.length === 0) this.#host.stop();
  }

  /** A batch of the run is not running any more. */
  #forget(run: number): void {
    const running = this.#running;
    const at = running.indexOf(run);
    const last = running.pop()!;
    if (at < running.length) running[at] = last;
  }

  #enter(batch: BatchMessage, opened: Opened): void {
    let args: ArrayLike<unknown>;
    try {
      args = opened.codec.unpack(batch.args);
    } catch (error) {
      this.#refuse(batch, opened, error);
      return;
    }
    this.#begin(batch, opened, args);
  }

  #begin(batch: BatchMessage, opened: Opened, args: ArrayLike<unknown>): void {
    let claims = this.#host.claims;
    let slot = batch.slot;
    if (!claims) {
      const own = new ClaimTable(1);
      slot = 0;
      own.open(slot, args.length);
      claims = own;
    }
    const work: Work = {
      batch,
      opened,
      args,
      claims,
      slot,
      context: this.#runContext(batch.run, opened),
      results: [],
      times: new Float64Array(2 * args.length),
      used: 0,
      offset: 0,
      flushed: this.#host.now(),
      stopped: false,
      eager: opened.message.eager || (args.length > 1 && args.length <= MAILBOX_CAPACITY),
    };
    this.#running.push(batch.run);
    this.#host.enter(opened.message.scope, () => this.#advance(work));
  }

  #runContext(run: number, opened: Opened): RunContext {
    const host = this.#host;
    return {
      worker: host.worker,
      progress: {
        advance: (amount = 1) => {
          if (typeof amount !== 'number') throw typeError('amount', amount, 'a number');
          host.send({ type: 'progress', run, amount });
        },
      },
      signal: () => this.#controller(run).signal,
      rng: opened.rng,
    };
  }

  #controller(run: number): AbortController {
    let controller = this.#signals.get(run);
    if (!controller) {
      controller = new AbortController();
      // Many tasks of the run may listen to it.
      setMaxListeners(0, controller.signal);
      this.#signals.set(run, controller);
    }
    return controller;
  }

  /** A batch of the run is done: with the last one that is here, its signal goes. */
  #dropSignal(run: number): void {
    if (this.#running.includes(run) || this.#queue.some((batch) => batch.run === run)) return;
    this.#signals.delete(run);
  }

  /** Runs tasks until the batch is done or one returns a promise. */
  #advance(work: Work): void {
    const { claims, slot, args, context, batch, times } = work;
    const { call, codec } = work.opened;
    const ready = codec.isReady();
    let now = this.#host.now();
    while (!work.stopped) {
      const position = claims.claim(slot);
      if (position < 0) break;
      claims.begin(slot, position, now);
      times[work.used++] = now;
      let value: unknown;
      let promise: Promise<unknown> | null = null;
      try {
        value = call(args[position], new LazyContext(batch.first + position, context));
        // What is no promise of the language may throw, or call back twice: it is asked once.
        if (isThenable(value)) promise = Promise.resolve(value);
      } catch (error) {
        if (ready) {
          this.#fail(work, position, error);
          now = this.#host.now();
          continue;
        }
        promise = Promise.reject(error);
      }
      if (!ready) promise = this.#whenSendable(work, value, promise);
      if (promise) {
        const { prompt } = work.opened.message;
        if (prompt && work.results.length > 0) this.#flushBeforeLast(work);
        promise.then(
          (result) => this.#settled(work, result),
          (error: unknown) => {
            this.#fail(work, position, error);
            this.#resume(work);
          },
        );
        return;
      }
      now = this.#host.now();
      work.results.push(value);
      times[work.used++] = now;
      if (this.#due(work, now)) this.#reporter.flush(work, false);
    }
    this.#finish(work);
  }

  /** What a task gave, when it can be sent; while the codec loads, only primitives can. */
  #whenSendable(
    work: Work,
    value: unknown,
    promise: Promise<unknown> | null,
  ): Promise<unknown> | null {
    if (!promise && isPrimitive(value)) return null;
    // The codec takes its time, not the task.
    const done = Promise.allSettled([promise]).then(() => work.claims.idle(work.slot));
    const ready = work.opened.codec.whenReady();
    return Promise.allSettled([done, ready]).then(() => promise ?? value);
  }

  /**
   * Whether results should be sent before the batch goes on, if it does: the last ones go with the
   * end of their batch, in one message. Each one alone where the batch is short or the tasks are
   * slow, because the next task may take a second, and somebody may wait for this one's result;
   * together where that would cost more than the tasks.
   */
  #due(work: Work, now: number): boolean {
    const soon =
      work.eager || now - work.flushed > FLUSH_MS || now - work.times[work.used - 2]! >= SLOW_MS;
    if (!soon || work.claims.unclaimed(work.slot) === 0) return false;
    work.flushed = now;
    return true;
  }

  /** Sends what the tasks before the one that waits have given. */
  #flushBeforeLast(work: Work): void {
    const start = work.times[--work.used]!;
    this.#reporter.flush(work, false);
    work.times[work.used++] = start;
  }

  #settled(work: Work, result: unknown): void {
    const now = this.#host.now();
    work.results.push(result);
    work.times[work.used++] = now;
    if (this.#due(work, now)) this.#reporter.flush(work, false);
    this.#resume(work);
  }

  #resume(work: Work): void {
    this.#host.enter(work.opened.message.scope, () => this.#advance(work));
  }

  #finish(work: Work): void {
    work.claims.idle(work.slot);
    this.#reporter.flush(work, true);
    const { run } = work.batch;
    this.#forget(run);
    if (this.#signals.size > 0) this.#dropSignal(run);
    this.#drain();
  }

  /** A task threw: sends what was there before it, and the error. */
  #fail(work: Work, position: number, error: unknown): void {
    const start = work.times[--work.used]!;
    work.claims.idle(work.slot);
    this.#reporter.flush(work, false);
    const step = work.opened.message.mode === 'calls' ? reachedStep(work.args[position]) : 0;
    this.#reporter.failure(work, position, error, { start, end: this.#host.now(), step });
    work.offset = position + 1;
    if (!work.opened.message.collectErrors) work.stopped = true;
  }
}
