/**
 * What the worker entries of both kinds have in common: they become a worker, run the initializer,
 * and hand messages to the runner.
 */
import { becomeWorker, type ConfigScope, enterScope } from '../config/index.ts';
import { type FunctionPayload, linkPayload, workFrom } from '../functions/index.ts';
import {
  type Codec,
  type FromWorker,
  type FunctionLoader,
  type FunctionMessage,
  remoteCodec,
  systemNow,
  type TaskClaims,
  type TaskFunction,
  type ToWorker,
  type WorkerInit,
} from '../protocol/index.ts';
import { redirectConsole } from './console.ts';
import type { WorkerInfo } from './context.ts';
import { packError } from './failures.ts';
import { adoptSerializers, lazyCodec, loadCodec, scheduleCollection } from './lazy-codec.ts';
import { openLogChannel } from './log-channel.ts';
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

const load: FunctionLoader = (message) =>
  message.kind === 'local'
    ? (message.fn as TaskFunction)
    : (linkPayload(message.payload as FunctionPayload) as TaskFunction | Promise<TaskFunction>);

function isEmpty(scope: unknown): boolean {
  for (const _ in scope as object) return false;
  return true;
}

async function initialize(initializer: FunctionMessage): Promise<void> {
  await (await load(initializer))();
}

/** Takes in the pools that have been loaded since the last look. */
let refreshPoolLimits = (): void => {};

/** Holds the pools in this worker to its share, also those that are loaded later. */
async function limitThreads(): Promise<void> {
  const { ensureInitialized } = await import('../config/index.ts');
  refreshPoolLimits = ensureInitialized;
  refreshPoolLimits();
}

/** Starts the worker; returns what takes the messages of the parent. */
export function startWorker(environment: Environment): (message: ToWorker) => void {
  const { kind, send } = environment;
  const codecs = new Map<number, Codec>();
  let runner: Runner | null = null;
  /** What came in while the initializer ran. */
  let early: ToWorker[] | null = [];
  /** To be called with the first job: a worker may be there before there is one. */
  let loadLater: (() => void) | null = null;

  const codecFor = (maxBytes: number): Codec => {
    let codec = codecs.get(maxBytes);
    if (!codec) {
      codec = remoteCodec(lazyCodec, kind, maxBytes, 'one');
      codecs.set(maxBytes, codec);
    }
    return codec;
  };

  const begin = (init: WorkerInit): void => {
    const { childThreads, childThreadsAsked } = init;
    becomeWorker({
      level: init.level,
      kind: kind === 'machine' ? 'process' : kind,
      ...(childThreads > 0 ? { childThreads, childThreadsAsked } : {}),
    });
    redirectConsole(send);
    openLogChannel(send);
    const worker: WorkerInfo = {
      id: init.id,
      backend: init.backend,
      pid: process.pid,
      ...(environment.threadId === undefined ? {} : { threadId: environment.threadId }),
    };
    runner = new Runner({
      worker,
      claims: environment.claims,
      load,
      codec: codecFor,
      send,
      enter: (scope, body) => (isEmpty(scope) ? body() : enterScope(scope as ConfigScope, body)),
      rng: taskRng,
      workFrom,
      adoptSerializers,
      memory: environment.memory,
      now: systemNow,
      stop: environment.stop,
    });
    const go = (): void => {
      const waiting = early ?? [];
      early = null;
      for (const message of waiting) runner!.receive(message);
    };
    // A thread shares its process's pools: they are held before its first task. A process has its
    // limits from its environment already, and only looks after what ignores that.
    const { limitPoolsNow } = environment;
    if (limitPoolsNow && childThreads > 0) {
      refreshPoolLimits = limitPoolsNow;
      refreshPoolLimits();
    }
    loadLater = () => {
      loadLater = null;
      const { onWarm } = environment;
      if (onWarm) process.on('exit', onWarm);
      setTimeout(() => {
        onWarm?.();
        void loadCodec();
        if (!limitPoolsNow && childThreads > 0) void limitThreads();
      }, LATER_MS).unref();
    };
    if (!init.initializer) {
      go();
      return;
    }
    initialize(init.initializer).then(go, (error: unknown) => {
      void loadCodec().then(() => {
        const { message } = packError(codecFor(init.maxBytes), error);
        send({ type: 'init-failed', error: message });
        environment.stop();
      });
    });
  };

  return (message) => {
    if (message.type === 'open') {
      refreshPoolLimits();
      loadLater?.();
    }
    if (message.type === 'init') begin(message);
    else if (early) early.push(message);
    else {
      runner!.receive(message);
      if (message.type === 'close') scheduleCollection();
    }
  };
}
