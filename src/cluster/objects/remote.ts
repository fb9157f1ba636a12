/**
 * Remote functions: calls that give references.
 */
import { rangeError, typeError } from '../../errors.ts';
import { ObjectRef, type RemoteArguments } from '../../objects/index.ts';
import { milliseconds, type OptionsOf, readOptions, wholeNumber } from '../../options.ts';
import type { Backend } from '../../protocol/index.ts';
import { CallSite, closeJob, Job, resolveOptions } from '../../scheduler/index.ts';
import { laneBackend } from '../transport/lanes.ts';
import type { Transport } from '../transport/types.ts';
import { packArguments } from './arguments.ts';
import { RemoteCalls } from './remote-calls.ts';
import type { ObjectStore } from './store.ts';

type AnyFunction = (...args: never[]) => unknown;

const remoteOptions = {
  /**
   * Engines' worth of one machine: the call runs with the threads of as many, which do nothing else meanwhile.
   * Default 1.
   */
  cpus: wholeNumber({ least: 1 }),
  /** How often a call is made again whose engine ended with it, or with its result. Default 3. */
  retries: wholeNumber({ least: 0 }),
  /** How often a call is made again that has thrown. Default 0. */
  retryErrors: wholeNumber({ least: 0 }),
  /** Milliseconds that a call may run; its engine is replaced then. Default Infinity. */
  timeout: milliseconds,
};

/** Options of {@link Client.remote}. */
export interface RemoteOptions extends OptionsOf<typeof remoteOptions> {}

/** A function that engines call; each call gives a reference to its result at once. */
export type RemoteFunction<A extends readonly unknown[], R> = (
  ...args: RemoteArguments<A>
) => ObjectRef<Awaited<R>>;

/** What a remote function needs of its cluster. */
export interface RemoteContext {
  readonly store: ObjectStore;
  readonly transport: Transport;
  readonly backend: Backend;
}

/** Jobs of functions that nobody can call any more are closed. */
const collected = new FinalizationRegistry<Job>((job) => closeJob(job));

/** Backends for functions that take several engines: one for each number of them. */
const wide = new WeakMap<Transport, Map<number, Backend>>();

function backendFor({ transport, backend }: RemoteContext, cpus: number): Backend {
  if (cpus === 1) return backend;
  let known = wide.get(transport);
  if (!known) {
    known = new Map();
    wide.set(transport, known);
  }
  let found = known.get(cpus);
  if (!found) {
    found = laneBackend(transport, { kind: 'any', cpus });
    known.set(cpus, found);
  }
  return found;
}

/** Makes a remote function; see {@link Client.remote}. */
export function remoteFunction<A extends readonly unknown[], R>(
  context: RemoteContext,
  fn: (...args: A) => R,
  options?: RemoteOptions,
): RemoteFunction<A, R> {
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  const given = readOptions('options', remoteOptions, options);
  const { cpus = 1, retries = 3, retryErrors = 0, timeout } = given;
  const { store, transport } = context;
  const there = transport.engines().length;
  if (cpus > there)
    throw rangeError('cpus', cpus, `at most ${there}, which is how many engines there are`);
  const resolved = resolveOptions({
    backend: backendFor(context, cpus),
    retries,
    retryErrors,
    ...(timeout === undefined ? {} : { timeout }),
    ...(cpus > 1 ? { batchSize: 1 } : {}),
    returnErrors: true,
    progress: false,
    verbose: 0,
  });
  const job = new Job('objects', fn as AnyFunction, resolved);
  const label = job.label || 'a remote function';
  const calls = new RemoteCalls({ store, job, label, retries, transport });
  const remote = (...args: RemoteArguments<A>): ObjectRef<Awaited<R>> => {
    const site = new CallSite(remote as AnyFunction);
    const packed = packArguments(store, args);
    const ref = new ObjectRef<Awaited<R>>(store.add());
    calls.add(ref.id, packed, site);
    site.note();
    return ref;
  };
  Object.defineProperty(remote, 'name', { value: job.label, configurable: true });
  collected.register(remote, job);
  return remote;
}
