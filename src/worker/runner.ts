/**
 * Runs batches: the half of the engine that lives where the tasks do.
 *
 * The same code runs in a process, in a thread, and in the caller's own environment for the
 * sequential backend. Tasks of a batch run one after another; one that returns no promise costs no
 * promise here either.
 */
import { typeError } from '../errors.ts';
import {
  type BatchMessage,
  ClaimTable,
  type Codec,
  type FromWorker,
  type FunctionLoader,
  type OpenMessage,
  type TaskClaims,
  type TaskFunction,
  type ToWorker,
} from '../protocol/index.ts';
import type { Generator } from '../random/index.ts';
import { LazyContext, type RunContext, type WorkerInfo } from './context.ts';
import { packError } from './failures.ts';

/** Results are sent at the latest this long after the first of them was there (ms). */
const FLUSH_MS = 4;

/** Results of tasks that took so long are sent at once (ms). */
const SLOW_MS = 0.3;

/** In batches of so few tasks each result is sent at once. */
const MAILBOX_CAPACITY = 8;

const noTimes = new Float64Array(0);

/** What a runner is given by the environment that it is in. */
export interface RunnerHost {
  readonly worker: WorkerInfo;
  /** Shared with the scheduler; null where the backend has no such memory. */
  readonly claims: TaskClaims | null;
  readonly load: FunctionLoader;
  codec(maxBytes: number): Codec;
  send(message: FromWorker, transfer?: readonly unknown[]): void;
  /** Runs a body under the scope that the job was started in. */
  enter<T>(scope: unknown, body: () => T): T;
  /** Makes the function that gives a task its generator. */
  rng(seed: unknown): Promise<(index: number) => Generator>;
  /** Takes over what the parent has registered with registerSerializer(). */
  adoptSerializers?(messages: readonly unknown[]): Promise<void>;
  memory(): number;
  /** Milliseconds by the clock of which the worker has told the offset. */
  now(): number;
  stop(): void;
}

type Call = (task: unknown, context: LazyContext) => unknown;

/** An opened context. */
interface Opened {
  readonly message: OpenMessage;
  readonly codec: Codec;
  readonly functions: TaskFunction[];
  call: Call;
  rng: (index: number) => Generator;
  /** The first functions, the model and the generators are there or being made. */
  made: boolean;
  /** While functions or the model are loaded. */
  loading: Promise<void> | null;
  failed: boolean;
  /** Until the parent has been told that it failed. */
  telling: Promise<void> | null;
}

/** A batch that is running. */
interface Work {
  readonly batch: BatchMessage;
  readonly opened: Opened;
  readonly args: ArrayLike<unknown>;
  readonly claims: TaskClaims;
  readonly slot: number;
  readonly place: RunContext;
  /** Results that have not been sent, the first of them at place `offset`. */
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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return value === null || (type !== 'object' && type !== 'function' && type !== 'symbol');
}

function noRng(): never {
  throw new TypeError("ctx.rng needs the option 'seed' of the job");
}

export class Runner {
  readonly #host: RunnerHost;
  readonly #contexts = new Map<number, Opened>();
  readonly #queue: BatchMessage[] = [];
  /** A batch is running, or waits for a module. */
  #busy = false;
  #draining = false;
  #stopping = false;
  /** The runs whose tasks have asked for a signal, or are running. */
  readonly #signals = new Map<number, AbortController>();

  constructor(host: RunnerHost) {
    this.#host = host;
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'batch':
        this.#queue.push(message);
        this.#drain();
        return;
      case 'open':
        this.#open(message);
        return;
      case 'functions': {
        const opened = this.#contexts.get(message.context);
        if (opened) this.#load(opened, message.functions);
        return;
      }
      case 'close':
        this.#contexts.delete(message.context);
        return;
      case 'abort':
        // A task that asks for its signal later gets an aborted one; the end of the batch clears it.
        if (this.#busy) this.#controller(message.run).abort();
        return;
      case 'init':
        return;
      case 'stop':
        this.#stopping = true;
        this.#drain();
    }
  }

  #open(message: OpenMessage): void {
    const opened: Opened = {
      message,
      codec: this.#host.codec(message.maxBytes),
      functions: [],
      call: noRng,
      rng: noRng,
      made: false,
      loading: null,
      failed: false,
      telling: null,
    };
    this.#contexts.set(message.context, opened);
    this.#load(opened, message.functions);
  }

  /** Loads functions (and, the first time, the model and the generators); at once if it can. */
  #load(opened: Opened, messages: OpenMessage['functions']): void {
    const { message, codec } = opened;
    const first = !opened.made;
    opened.made = true;
    try {
      const load = () => messages.map((entry) => this.#host.load(entry));
      const wait = first && message.mode === 'model' ? codec.loading(message.model) : null;
      const seeded = first && message.seed !== undefined;
      const registered = first && message.serializers ? message.serializers : null;
      // What functions capture may need a serializer.
      const loaded = registered ? [] : load();
      if (
        !wait &&
        !seeded &&
        !registered &&
        !opened.loading &&
        !loaded.some((entry) => entry instanceof Promise)
      ) {
        opened.functions.push(...(loaded as TaskFunction[]));
        if (first) opened.call = this.#caller(opened);
        return;
      }
      const before = opened.loading;
      opened.loading = (async () => {
        await before;
        if (registered) await this.#host.adoptSerializers?.(registered);
        await wait;
        opened.functions.push(...(await Promise.all(registered ? load() : loaded)));
        if (seeded) opened.rng = await this.#host.rng(message.seed);
        if (first) opened.call = this.#caller(opened);
        opened.loading = null;
      })().catch((error: unknown) => this.#openFailed(opened, error));
    } catch (error) {
      this.#openFailed(opened, error);
    }
  }

  #openFailed(opened: Opened, error: unknown): void {
    opened.loading = null;
    opened.failed = true;
    const { codec } = opened;
    const tell = (): void => {
      const packed = packError(codec, error);
      const { context } = opened.message;
      this.#host.send({ type: 'open-failed', context, error: packed.message }, packed.transfer);
    };
    if (codec.isReady()) tell();
    else opened.telling = codec.whenReady().then(tell);
  }

  /** Ends a batch whose arguments can't be made; the context is as good as before. */
  #unreadable(batch: BatchMessage, opened: Opened, error: unknown): void {
    const packed = packError(opened.codec, error);
    const message = { type: 'unreadable', batch: batch.batch, error: packed.message } as const;
    this.#host.send(message, packed.transfer);
    this.#sendLast(batch, 0);
  }

  /** Ends a batch whose context is not there, after the parent has been told why. */
  #giveUp(batch: BatchMessage, opened?: Opened): void {
    if (opened?.telling) void opened.telling.then(() => this.#sendLast(batch, 0));
    else this.#sendLast(batch, 0);
  }

  #caller(opened: Opened): Call {
    const { message, functions } = opened;
    const fn = functions[0]!;
    const { method } = message;
    switch (message.mode) {
      case 'task':
        return fn;
      case 'model': {
        const model = opened.codec.unpackOne(message.model);
        if (method !== undefined) {
          const owner = model as Record<string, TaskFunction>;
          return (task, context) => owner[method]!(task, context);
        }
        return (task, context) => fn(model, task, context);
      }
      case 'spread':
        return (task, context) => fn(...(task as unknown[]), context);
      case 'calls':
        return (task) => {
          const [index, args] = task as [number, unknown[]];
          return functions[index]!(...args);
        };
    }
  }

  #start(batch: BatchMessage): void {
    const opened = this.#contexts.get(batch.context);
    // A context that has been closed belongs to a job that has ended: nobody waits.
    if (!opened || opened.failed) {
      this.#giveUp(batch, opened);
      return;
    }
    const wait = this.#waitFor(batch, opened);
    if (!wait) {
      this.#enter(batch, opened);
      return;
    }
    this.#busy = true;
    wait.then(
      () => {
        this.#busy = false;
        if (opened.failed || opened.loading) this.#start(batch);
        else this.#enter(batch, opened);
        this.#drain();
      },
      (error: unknown) => {
        this.#busy = false;
        this.#unreadable(batch, opened, error);
        this.#drain();
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
    while (!this.#busy) {
      const batch = this.#queue.shift();
      if (!batch) {
        if (this.#stopping) this.#host.stop();
        break;
      }
      this.#start(batch);
    }
    this.#draining = false;
  }

  #enter(batch: BatchMessage, opened: Opened): void {
    let args: ArrayLike<unknown>;
    try {
      args = opened.codec.unpack(batch.args);
    } catch (error) {
      this.#unreadable(batch, opened, error);
      return;
    }
    let claims = this.#host.claims;
    let slot = batch.slot;
    if (!claims) {
      const own = new ClaimTable();
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
      place: this.#place(batch.run, opened),
      results: [],
      times: new Float64Array(2 * args.length),
      used: 0,
      offset: 0,
      flushed: this.#host.now(),
      stopped: false,
      eager: opened.message.eager || (args.length > 1 && args.length <= MAILBOX_CAPACITY),
    };
    this.#busy = true;
    this.#host.enter(opened.message.scope, () => this.#advance(work));
  }

  #place(run: number, opened: Opened): RunContext {
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
      this.#signals.set(run, controller);
    }
    return controller;
  }

  /** Runs tasks until the batch is done or one returns a promise. */
  #advance(work: Work): void {
    const { claims, slot, args, place, batch, times } = work;
    const { call, codec } = work.opened;
    const ready = codec.isReady();
    let now = this.#host.now();
    while (!work.stopped) {
      const position = claims.claim(slot);
      if (position < 0) break;
      claims.begin(batch.batch, position, now);
      times[work.used++] = now;
      let value: unknown;
      let promise: Promise<unknown> | null = null;
      try {
        value = call(args[position], new LazyContext(batch.first + position, place));
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
      if (this.#due(work, now)) this.#flush(work, false);
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
    const done = Promise.allSettled([promise]).then(() => work.claims.idle());
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

  #settled(work: Work, result: unknown): void {
    const now = this.#host.now();
    work.results.push(result);
    work.times[work.used++] = now;
    if (this.#due(work, now)) this.#flush(work, false);
    this.#resume(work);
  }

  #resume(work: Work): void {
    this.#host.enter(work.opened.message.scope, () => this.#advance(work));
  }

  #finish(work: Work): void {
    work.claims.idle();
    this.#flush(work, true);
    this.#signals.delete(work.batch.run);
    this.#busy = false;
    this.#drain();
  }

  /** A task threw: sends what was there before it, and the error. */
  #fail(work: Work, position: number, error: unknown): void {
    const start = work.times[--work.used]!;
    work.claims.idle();
    this.#flush(work, false);
    this.#sendFailure(work, position, error, start, this.#host.now());
    work.offset = position + 1;
    if (!work.opened.message.collectErrors) work.stopped = true;
  }

  #sendFailure(work: Work, offset: number, error: unknown, start: number, end: number): void {
    const { message, transfer } = packError(work.opened.codec, error);
    const { run, batch } = work.batch;
    this.#host.send({ type: 'failure', run, batch, offset, error: message, start, end }, transfer);
  }

  /** Sends the results that there are. */
  #flush(work: Work, last: boolean): void {
    const { results, opened } = work;
    if (results.length === 0) {
      if (last) this.#sendLast(work.batch, work.offset, opened);
      return;
    }
    // To encode and send is no task's time.
    work.claims.idle();
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
          this.#sendFailure(work, offset + i, named, span[0]!, span[1]!);
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
