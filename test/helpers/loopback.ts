/** A backend with no shared memory, whose workers live here and are handed copies. */
import { decodeFunction } from '../../src/functions/index.ts';
import {
  type Backend,
  BUILD,
  type FromWorker,
  remoteCodec,
  VERSION,
  type WorkerEvents,
  type WorkerExit,
} from '../../src/protocol/index.ts';
import { valueCodec } from '../../src/scheduler/job.ts';
import { Runner } from '../../src/worker/index.ts';

/** A worker that was started, and what a test can do to it. */
export interface LoopbackWorker {
  readonly id: number;
  readonly events: WorkerEvents;
  /** Ends it, as the backend would. */
  end(exit: WorkerExit): void;
}

export interface Loopback extends Backend {
  /** The workers that were started, in order. */
  readonly started: LoopbackWorker[];
}

/**
 * @param changes - properties of the backend that are to be others
 * @param alter - changes what its workers say
 */
export function loopback(
  changes: Partial<Backend> = {},
  alter: (message: FromWorker) => FromWorker = (same) => same,
): Loopback {
  const started: LoopbackWorker[] = [];
  const start: Backend['start'] = (spec, events) => {
    let ended = false;
    const tell = (message: FromWorker): void => {
      setImmediate(() => {
        if (!ended) events.message(alter(structuredClone(message)));
      });
    };
    const end = (exit: WorkerExit): void => {
      setImmediate(() => {
        if (ended) return;
        ended = true;
        events.exit(exit);
      });
    };
    const runner = new Runner({
      worker: { id: spec.id, backend: spec.backend, pid: process.pid },
      claims: null,
      concurrency: 1,
      exchange: null,
      load: (message) =>
        message.kind === 'payload'
          ? decodeFunction(message.payload as never)
          : (message.fn as never),
      codec: (maxBytes) => remoteCodec(valueCodec, 'thread', maxBytes, 'one', 'keep'),
      send: tell,
      enter: (_scope, body) => body(),
      rng: () => Promise.reject(new Error('none')),
      cores: () => undefined,
      memory: () => 0,
      now: () => performance.now(),
      stop: () => end({ reason: 'exit', code: 0 }),
    });
    tell({ type: 'ready', clockOffset: null, version: VERSION, build: BUILD });
    started.push({ id: spec.id, events, end });
    return {
      claims: null,
      concurrency: 1,
      slots: 2,
      address: { host: 'elsewhere', pid: 4711 },
      send: (message) => {
        const copy = structuredClone(message);
        setImmediate(() => {
          if (!ended) runner.receive(copy);
        });
      },
      kill: () => end({ reason: 'signal', signal: 'SIGKILL' }),
      ref: () => {},
      unref: () => {},
    };
  };
  return { name: 'loopback', reach: 'thread', knob: 'threads', started, start, ...changes };
}
