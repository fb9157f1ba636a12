/**
 * The jobs that a worker has open: their functions and models, made once.
 */
import {
  type Codec,
  decodeWithBytes,
  type FunctionsMessage,
  type OpenMessage,
  type TaskFunction,
} from '../protocol/index.ts';
import type { Generator } from '../random/index.ts';
import type { LazyContext } from './context.ts';
import { packError } from './failures.ts';
import type { RunnerHost } from './runner-host.ts';
import { callSealed } from './sealed-calls.ts';
import { isThenable } from './thenable.ts';

type Call = (task: unknown, context: LazyContext) => unknown;

/** An opened context. */
export interface Opened {
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

/** A task of mode 'calls'; see {@link CallMode}. */
export type CallsTask = [number, unknown[], ...(number | unknown[] | null)[]];

const FOLD_LENGTH = 3;

/** How many calls a task of mode 'calls' is. */
export function stepsOf(task: CallsTask): number {
  return task.length === FOLD_LENGTH ? task[1].length - 1 : (task.length + 1) / 3;
}

/** The call at which a task of several has failed, or waits; of the first nothing is noted. */
const reached = new WeakMap<CallsTask, number>();

/** At which call a task of mode 'calls' has failed. */
export function reachedStep(task: unknown): number {
  return reached.get(task as CallsTask) ?? 0;
}

/** Makes the calls of a task from one on, with what the one before gave. */
function goOn(
  functions: Opened['functions'],
  task: CallsTask,
  from: number,
  before: unknown,
  context: LazyContext,
): unknown {
  const steps = stepsOf(task);
  let value = before;
  let step = from;
  try {
    for (; step < steps; step++) {
      if (isThenable(value)) {
        const next = step;
        reached.set(task, next - 1);
        return Promise.resolve(value).then((result) => {
          // Nobody may want the rest any more, and it has no signal of its own.
          context.signal.throwIfAborted();
          return goOn(functions, task, next, result, context);
        });
      }
      const at = 3 * step;
      const fn = functions[task[at - 1] as number]!;
      const args = task[at] as unknown[] | null;
      if (args === null) value = fn(value);
      else {
        for (const hole of task[at + 1] as number[]) args[hole] = value;
        value = fn(...args);
      }
    }
  } catch (error) {
    reached.set(task, step);
    throw error;
  }
  if (isThenable(value)) reached.set(task, steps - 1);
  return value;
}

/** Makes the calls of a fold from a value on, with what those before have given. */
function fold(
  fn: TaskFunction,
  task: CallsTask,
  from: number,
  before: unknown,
  context: LazyContext,
): unknown {
  const [, values] = task;
  let value = before;
  let at = from;
  try {
    for (; at < values.length; at++) {
      if (at > 1 && isThenable(value)) {
        reached.set(task, at - 2);
        const next = at;
        return Promise.resolve(value).then((result) => {
          context.signal.throwIfAborted();
          return fold(fn, task, next, result, context);
        });
      }
      value = fn(value, values[at]);
    }
  } catch (error) {
    reached.set(task, at - 1);
    throw error;
  }
  if (isThenable(value)) reached.set(task, at - 2);
  return value;
}

function noRng(): never {
  throw new TypeError("ctx.rng needs the option 'seed' of the job");
}

export class Contexts {
  readonly #host: RunnerHost;
  readonly #opened = new Map<number, Opened>();

  constructor(host: RunnerHost) {
    this.#host = host;
  }

  get(context: number): Opened | undefined {
    return this.#opened.get(context);
  }

  close(context: number): void {
    this.#opened.delete(context);
  }

  /** Takes functions that a job has got since it was opened. */
  add({ context, functions }: FunctionsMessage): void {
    const opened = this.#opened.get(context);
    if (opened) this.#load(opened, functions);
  }

  open(message: OpenMessage): void {
    if (message.from !== undefined) this.#host.workFrom?.(message.from);
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
    this.#opened.set(message.context, opened);
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
      const initializer = first && !this.#host.initialized ? message.initializer : undefined;
      const registered = first && message.serializers ? message.serializers : null;
      // What functions capture may need a serializer.
      const loaded = registered ? [] : load();
      if (
        !wait &&
        !seeded &&
        !initializer &&
        !registered &&
        !opened.loading &&
        !loaded.some((entry) => entry instanceof Promise)
      ) {
        opened.functions.push(...(loaded as TaskFunction[]));
        if (!first) return;
        try {
          opened.call = this.#caller(opened);
        } catch (error) {
          const asked = this.#askForModel(opened, error).then(() => {
            opened.loading = null;
          });
          opened.loading = asked.catch((reason: unknown) => this.#openFailed(opened, reason));
        }
        return;
      }
      const before = opened.loading;
      opened.loading = (async () => {
        await before;
        if (registered) await this.#host.adoptSerializers?.(registered);
        await wait;
        if (initializer) await (await this.#host.load(initializer))();
        opened.functions.push(...(await Promise.all(registered ? load() : loaded)));
        if (seeded) opened.rng = await this.#host.rng(message.seed);
        if (first) {
          try {
            opened.call = this.#caller(opened);
          } catch (error) {
            await this.#askForModel(opened, error);
          }
        }
        opened.loading = null;
      })().catch((error: unknown) => this.#openFailed(opened, error));
    } catch (error) {
      this.#openFailed(opened, error);
    }
  }

  /** Memory of the model that can't be opened here is asked for. */
  async #askForModel(opened: Opened, error: unknown): Promise<void> {
    const { exchange } = this.#host;
    const { codec, message } = opened;
    if (!exchange) throw error;
    opened.call = await decodeWithBytes(codec, exchange.ask, error, async () => {
      await codec.loading(message.model);
      return this.#caller(opened);
    });
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
      case 'objects':
        return (task) => callSealed(opened.codec, this.#host, functions, task);
      case 'calls':
        return (task, context) => {
          const calls = task as CallsTask;
          if (calls.length > 2) reached.delete(calls);
          if (calls.length === FOLD_LENGTH) {
            return fold(functions[calls[0]]!, calls, 1, calls[1][0], context);
          }
          const value = functions[calls[0]]!(...calls[1]);
          return calls.length === 2 ? value : goOn(functions, calls, 1, value, context);
        };
    }
  }
}
