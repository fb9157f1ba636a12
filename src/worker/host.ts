/**
 * What the worker entries of both kinds have in common: they become a worker, run the initializer,
 * and hand messages to the runner.
 */
import { UnknownRemoteError } from '../codec/index.ts';
import { becomeWorker, type ConfigScope, enterScope } from '../config/index.ts';
import { type FunctionPayload, linkPayload, workFrom } from '../functions/index.ts';
import { native } from '../native.ts';
import {
  type Codec,
  decodeWithBytes,
  type FromWorker,
  type FunctionLoader,
  type FunctionMessage,
  MemoryExchange,
  remoteCodec,
  systemNow,
  type TaskClaims,
  type TaskFunction,
  type ToWorker,
  type WorkerInit,
} from '../protocol/index.ts';
import { redirectConsole } from './console.ts';
import type { WorkerInfo } from './context.ts';
import { packError, plainError } from './failures.ts';
import {
  adoptSerializers,
  bytesOf,
  lazyCodec,
  loadCodec,
  scheduleCollection,
} from './lazy-codec.ts';
import { whileLoading } from './loading.ts';
import { openLogChannel } from './log-channel.ts';
import { setNice } from './priority.ts';
import { openRequestChannel } from './requests.ts';
import { taskRng } from './rng.ts';
import { Runner } from './runner.ts';

/** What differs between a process and a thread. */
export interface Environment {
  readonly kind: 'process' | 'thread' | 'machine';
  readonly threadId?: number;
  readonly claims: TaskClaims | null;
  send(message: FromWorker, transfer?: readonly unknown[]): void;
  /** Bytes that this worker takes. */
  memory(): number;
  /** Ends this worker. */
  stop(): void;
  /** Called when what a first task needs has been loaded. */
  readonly onWarm?: (() => void) | undefined;
  /** Holds the pools to this worker's share, where that has to be done before the first task. */
  limitPoolsNow?(): void;
}

/** What a first task need not wait for is loaded this much later (ms). */
const LATER_MS = 30;

function isEmpty(scope: unknown): boolean {
  for (const _ in scope as object) return false;
  return true;
}

/** Takes in the pools that have been loaded since the last look. */
let refreshPoolLimits = (): void => {};

/** Holds the pools in this worker to its share, also those that are loaded later. */
async function limitThreads(): Promise<void> {
  const { ensureInitialized } = await import('../config/index.ts');
  refreshPoolLimits = ensureInitialized;
  refreshPoolLimits();
}

/** A worker from its first message on. What comes in while the initializer runs, waits. */
class WorkerHost {
  readonly #environment: Environment;
  readonly #codecs = new Map<number, Codec>();
  readonly #exchange: MemoryExchange;
  /** null before the worker's settings have come. */
  #runner: Runner | null = null;
  /** What came in while the initializer ran; null from then on. */
  #early: ToWorker[] | null = [];
  /** Threads inside this worker; 0 where they are left alone. */
  #childThreads = 0;
  /** A worker may be there before there is a job: what can wait for one is loaded with the first. */
  #awaitsJob = false;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#exchange = new MemoryExchange(environment.send, bytesOf);
  }

  receive(message: ToWorker): void {
    if (message.type === 'init') {
      this.#begin(message);
      return;
    }
    if (message.type === 'open') {
      refreshPoolLimits();
      if (this.#awaitsJob) this.#loadLater();
    }
    if (this.#early) {
      // What it loads for the initializer may be in memory that is asked for.
      if (message.type === 'bytes' || message.type === 'ask') this.#exchange.receive(message);
      else this.#early.push(message);
      return;
    }
    this.#runner!.receive(message);
    if (message.type === 'close') scheduleCollection();
  }

  #begin(init: WorkerInit): void {
    const { kind, send } = this.#environment;
    const { childThreads, childThreadsAsked, elastic } = init;
    this.#childThreads = childThreads;
    becomeWorker({
      level: init.level,
      kind: kind === 'machine' ? 'process' : kind,
      ...(childThreads > 0 ? { childThreads, childThreadsAsked } : {}),
      ...(elastic === false ? { elastic } : {}),
    });
    redirectConsole(send);
    openLogChannel(send);
    openRequestChannel({ send, codec: this.#codecFor(init.maxBytes), exchange: this.#exchange });
    this.#runner = this.#makeRunner(init);
    this.#limitPools();
    this.#awaitsJob = true;
    const { nice, cwd } = init;
    const wishes = [
      [cwd, () => process.chdir(cwd!), `A worker could not go to the folder ${cwd}`],
      [nice, () => setNice(nice!, kind), `A worker could not be given the nice value ${nice}`],
    ] as const;
    for (const [wish, fulfil, what] of wishes) {
      if (wish === undefined) continue;
      try {
        fulfil();
      } catch (error) {
        this.#setupFailed(error, init.maxBytes, what);
        return;
      }
    }
    if (init.initializer) this.#initialize(init.initializer, init.maxBytes);
    else this.#receiveEarly();
  }

  #makeRunner(init: WorkerInit): Runner {
    const { threadId, claims, send, memory, stop } = this.#environment;
    const { teardown } = init;
    const worker: WorkerInfo = {
      id: init.id,
      backend: init.backend,
      pid: process.pid,
      ...(threadId === undefined ? {} : { threadId }),
    };
    return new Runner({
      worker,
      claims,
      concurrency: init.concurrency ?? 1,
      load: this.#load,
      exchange: this.#exchange,
      initialized: init.initializer !== undefined,
      codec: (maxBytes) => this.#codecFor(maxBytes),
      send,
      enter: (scope, body) => (isEmpty(scope) ? body() : enterScope(scope as ConfigScope, body)),
      rng: taskRng,
      workFrom,
      adoptSerializers,
      memory,
      cores: native.executor.coreSpans,
      now: systemNow,
      stop: teardown ? () => void this.#tearDown(teardown).then(stop) : stop,
    });
  }

  readonly #load: FunctionLoader = (message) => {
    if (message.kind === 'local') return message.fn as TaskFunction;
    const link = () => linkPayload(message.payload as FunctionPayload) as TaskFunction;
    const withBytes = async (error: unknown) => {
      await loadCodec();
      const supplied = (reason: unknown) =>
        decodeWithBytes(lazyCodec, this.#exchange.ask, reason, link);
      // What makes those has been loaded now.
      if (!(error instanceof UnknownRemoteError)) return await supplied(error);
      try {
        return await link();
      } catch (reason) {
        return await supplied(reason);
      }
    };
    let linked: TaskFunction | Promise<TaskFunction>;
    try {
      linked = link();
    } catch (error) {
      return withBytes(error);
    }
    return linked instanceof Promise ? whileLoading(linked).catch(withBytes) : linked;
  };

  async #call(fn: FunctionMessage): Promise<void> {
    await (await this.#load(fn))();
  }

  #codecFor(maxBytes: number): Codec {
    let codec = this.#codecs.get(maxBytes);
    if (!codec) {
      codec = remoteCodec(
        lazyCodec,
        this.#environment.kind,
        maxBytes,
        'one',
        this.#environment.kind === 'thread' ? 'transfer' : 'keep',
      );
      this.#codecs.set(maxBytes, codec);
    }
    return codec;
  }

  /**
   * A thread shares its process's pools: they are held before its first task. A process has its
   * limits from its environment already, and only looks after what ignores that.
   */
  #limitPools(): void {
    const { limitPoolsNow } = this.#environment;
    if (!limitPoolsNow || this.#childThreads <= 0) return;
    refreshPoolLimits = limitPoolsNow;
    refreshPoolLimits();
  }

  #loadLater(): void {
    this.#awaitsJob = false;
    const { onWarm, limitPoolsNow } = this.#environment;
    if (onWarm) process.on('exit', onWarm);
    setTimeout(() => {
      onWarm?.();
      void loadCodec();
      if (!limitPoolsNow && this.#childThreads > 0) void limitThreads();
    }, LATER_MS).unref();
  }

  #initialize(initializer: FunctionMessage, maxBytes: number): void {
    this.#call(initializer).then(
      () => this.#receiveEarly(),
      (error: unknown) => this.#setupFailed(error, maxBytes),
    );
  }

  /** Does what the pool wants done at the end. Who is in a loop there is killed by the scheduler. */
  async #tearDown(teardown: FunctionMessage): Promise<void> {
    try {
      await this.#call(teardown);
    } catch (error) {
      const { stack, message } = plainError(error);
      const text = `The teardown failed in a worker: ${stack || message}`;
      this.#environment.send({ type: 'log', level: 'error', text, time: Date.now() });
    }
  }

  #setupFailed(error: unknown, maxBytes: number, what?: string): void {
    void loadCodec().then(() => {
      const { message } = packError(this.#codecFor(maxBytes), error);
      const named = what === undefined ? {} : { what };
      this.#environment.send({ type: 'init-failed', error: message, ...named });
      this.#environment.stop();
    });
  }

  #receiveEarly(): void {
    const waiting = this.#early ?? [];
    this.#early = null;
    for (const message of waiting) this.#runner!.receive(message);
  }
}

/** Starts the worker; returns what takes the messages of the parent. */
export function startWorker(environment: Environment): (message: ToWorker) => void {
  const host = new WorkerHost(environment);
  return (message) => host.receive(message);
}
