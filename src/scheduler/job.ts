/**
 * What the tasks of a job have in common: the functions, the model, and settings. It reaches each
 * worker once.
 */

import {
  discard,
  encode,
  loading,
  type Registration,
  receive,
  Sealed,
  seal,
  serializers,
  unsealed,
} from '../codec/index.ts';
import { exportScope } from '../config/index.ts';
import { preview } from '../errors.ts';
import {
  encodeFunction,
  environment,
  type FunctionPayload,
  hasSegments,
  releaseFunction,
} from '../functions/index.ts';
import { supply, unopenedMemory } from '../memory/index.ts';
import {
  type CallMode,
  type Codec,
  type FunctionMessage,
  localCodec,
  type OpenMessage,
  type Reach,
  remoteCodec,
  type ValueCodec,
} from '../protocol/index.ts';
import type { RunningTask } from './errors.ts';
import { channels, type GraphView } from './events.ts';
import type { ResolvedOptions } from './options.ts';

type AnyFunction = (...args: never[]) => unknown;

/** What tells people about tasks. */
export interface TaskDescriber {
  /** The graph whose tasks they are. */
  readonly graph?: GraphView;
  /**
   * @param task - as it was sent
   * @param step - at which of its calls it is, where it is several; null where that is not known
   */
  describe(
    index: number,
    task: unknown,
    step: number | null,
  ): { readonly label: string; readonly argument: unknown };
}

/** The codec for workers in other environments. */
export const valueCodec: ValueCodec = {
  encode,
  decode: receive,
  discard,
  loading,
  unopened: unopenedMemory,
  supply,
  seal,
  isSealed: (value) => value instanceof Sealed,
  unsealed,
};

/** What a thread has been given can't be sent again: it is kept where that may be needed. */
function movesOf({ backend, retries, retryErrors }: ResolvedOptions): 'transfer' | 'keep' {
  return backend.reach === 'thread' && retries === 0 && retryErrors === 0 ? 'transfer' : 'keep';
}

let lastId = 0;

/** How a function goes to the workers of a backend. */
export function functionMessage(
  fn: AnyFunction,
  reach: Reach,
  maxBytes: number,
  path: string,
): FunctionMessage {
  if (reach === 'local') return { kind: 'local', fn };
  return { kind: 'payload', payload: encodeFunction(fn, { to: reach, maxBytes, path }) };
}

/** What a worker has to be told with the job, because the scheduler doesn't see to it. */
function jobSettings(
  options: ResolvedOptions,
): Pick<OpenMessage, 'timeout' | 'initializer' | 'limits'> {
  const { backend, timeout, initializer, maxTasksPerWorker, maxWorkerMemory } = options;
  // Such workers serve jobs of many pools, and the scheduler does not start them.
  const elsewhere = backend.reach === 'machine' || backend.keepsTime === true;
  if (!elsewhere) return {};
  const limits = {
    ...(Number.isFinite(maxTasksPerWorker) ? { maxTasksPerWorker } : {}),
    ...(Number.isFinite(maxWorkerMemory) ? { maxWorkerMemory } : {}),
  };
  return {
    ...(timeout !== null ? { timeout } : {}),
    ...(initializer && elsewhere
      ? { initializer: functionMessage(initializer, backend.reach, Infinity, 'initializer') }
      : {}),
    ...(elsewhere && Object.keys(limits).length > 0 ? { limits } : {}),
  };
}

const registrations = new WeakMap<Registration, Map<Reach, unknown>>();

/** How a serializer that was registered here goes to workers; packed once for each reach. */
function registrationMessage(one: Registration, reach: Reach, codec: Codec): unknown {
  let packed = registrations.get(one);
  if (!packed) {
    packed = new Map();
    registrations.set(one, packed);
  }
  const known = packed.get(reach);
  if (known !== undefined) return known;
  const { id, type, state, restore } = one;
  const called = `the serializer of ${type?.name || 'a class'}`;
  let message: unknown;
  try {
    message = codec.packOne({ id, type, state, restore }, called).message;
  } catch {
    // Workers that can't have the class can still get instances, if these can be restored there.
    message = codec.packOne({ id, state: null, restore }, called).message;
  }
  packed.set(reach, message);
  return message;
}

export class Job {
  readonly id = ++lastId;
  readonly codec: Codec;
  readonly options: ResolvedOptions;
  /** Functions by their place in the calls; grows in mode 'calls'. */
  readonly functions: FunctionMessage[] = [];
  /** Knows more about its tasks than their arguments. */
  describer: TaskDescriber | null = null;
  readonly #mode: CallMode;
  /** What has its name: a function, or the name of a method. */
  readonly #named: AnyFunction | string | null;
  readonly #functionIndices = new Map<AnyFunction, number>();
  readonly #open: Omit<OpenMessage, 'functions'>;
  readonly #releaseModel: (() => void) | null = null;

  /**
   * @throws CloneError when a function or the model can't travel
   */
  constructor(
    mode: CallMode,
    fn: AnyFunction | null,
    options: ResolvedOptions,
    model?: { readonly value: unknown; readonly method?: string },
  ) {
    this.options = options;
    this.#named = model?.method ?? fn;
    this.#mode = mode;
    const { reach } = options.backend;
    this.codec =
      reach === 'local'
        ? localCodec
        : remoteCodec(valueCodec, reach, options.maxBytes, 'many', movesOf(options));
    if (fn) this.addFunction(fn, 'fn');
    const open: Omit<OpenMessage, 'functions' | 'model'> = {
      type: 'open',
      context: this.id,
      ...(reach === 'local' ? {} : { from: environment }),
      mode,
      ...this.#serializers(),
      scope: exportScope(),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      collectErrors: options.collectErrors || options.retryErrors > 0,
      eager: options.timeout !== null && options.batchSize !== 1,
      memory: options.maxWorkerMemory !== Number.POSITIVE_INFINITY,
      maxBytes: options.maxBytes,
      ...(channels.batchFinished.hasSubscribers ? { cores: true } : {}),
      ...jobSettings(options),
    };
    if (model) {
      const packed = this.codec.packOne(model.value, 'model');
      this.#releaseModel = packed.release;
      this.#open = {
        ...open,
        model: packed.message,
        ...(model.method === undefined ? {} : { method: model.method }),
      };
    } else this.#open = open;
  }

  #serializers(): { serializers?: readonly unknown[] } {
    const { reach } = this.options.backend;
    const list = serializers();
    if (reach === 'local' || list.length === 0) return {};
    return { serializers: list.map((one) => registrationMessage(one, reach, this.codec)) };
  }

  /** The place of a function in the job's table. */
  addFunction(fn: AnyFunction, path: string): number {
    const known = this.#functionIndices.get(fn);
    if (known !== undefined) return known;
    const { backend, maxBytes } = this.options;
    const index = this.functions.push(functionMessage(fn, backend.reach, maxBytes, path)) - 1;
    this.#functionIndices.set(fn, index);
    return index;
  }

  /** What people know it by: the option `label`, else the function's name, which may be empty. */
  get label(): string {
    const { label } = this.options;
    if (label !== null) return label;
    const named = this.#named;
    if (named === null || typeof named === 'string') return named ?? '';
    // Not by reading it: a program may have put a getter there.
    const name: unknown = Reflect.getOwnPropertyDescriptor(named, 'name')?.value;
    return typeof name === 'string' ? name : '';
  }

  /**
   * What a task is to people: of a call its arguments, without the function's place.
   *
   * @param step - at which of its calls it is, where it is several; null where that is not known
   */
  describe(index: number, task: unknown, step: number | null): RunningTask {
    const described = this.describer?.describe(index, task, step);
    if (described) {
      return { index, argument: preview(described.argument), label: described.label };
    }
    const isCall = this.#mode === 'calls' || this.#mode === 'objects';
    const shown = isCall ? (task as readonly [number, unknown])[1] : task;
    return { index, argument: preview(shown) };
  }

  /** Whether there may be much that workers keep as long as they have the job. */
  get holdsMemory(): boolean {
    if (this.#open.model !== undefined) return true;
    return this.functions.some(
      (fn) => fn.kind === 'payload' && hasSegments(fn.payload as FunctionPayload),
    );
  }

  openMessage(): OpenMessage {
    return { ...this.#open, functions: this.functions.slice() };
  }

  /** No worker will open this job any more. */
  release(): void {
    this.#releaseModel?.();
    for (const fn of this.functions) {
      if (fn.kind === 'payload') releaseFunction(fn.payload as FunctionPayload);
    }
  }
}
