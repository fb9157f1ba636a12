/**
 * The codec for arguments, models and results, in both backends.
 *
 * A value that structured clone carries faithfully is its own message. Anything else (views that
 * share a buffer, instances, errors with properties, functions, big arrays) is wrapped: a
 * skeleton, and the steps that complete it on the other side.
 */

import { type MemoryHandle, openAhead, touch, unopenedMemory, unpin } from '../memory/index.ts';
import type { NativeSegment } from '../native.ts';
import {
  type Callable,
  decodeCallable,
  encodeCallable,
  type FunctionSink,
  loadCallable,
} from './callables.ts';
import { unwrap } from './decoder.ts';
import { Encoder } from './encoder.ts';
import { detach } from './moving.ts';
import { isPlain, MARK } from './scan.ts';
import type { ViewTable } from './views.ts';
import type { CodecTarget, Wrapped } from './wire.ts';

/** Where a message goes and from which size its arrays are shared instead of copied. */
export interface EncodeOptions {
  /** The kind of worker on the other side. */
  readonly to: CodecTarget;
  /** Size in bytes from which an array goes through a shared segment; joblib's rule is 1 MiB. */
  readonly maxBytes: number;
  /**
   * 'one' when exactly one receiver decodes the message, and once (a result): its arrays are then
   * its own. Default 'many': every receiver sees the arrays copy-on-write.
   */
  readonly receivers?: 'one' | 'many';
  /** For one receiver: what becomes of what is to be moved; see `ViewOptions`. */
  readonly moves?: 'transfer' | 'keep' | undefined;
  /** The receiver is who gave this environment its work: a result. */
  readonly toCaller?: boolean;
  /** What the value is called in error messages: `task`, `model`. */
  readonly path?: string;
}

/** A value that is ready to be posted. */
export interface Encoded {
  /** What to post: structured clone carries it to a thread and (serialization 'advanced') a process. */
  readonly message: unknown;
  /** What to hand to postMessage as its transfer list. */
  readonly transfer: readonly object[];
  /** Takes away here what was to be moved and was copied; null where nothing was. */
  readonly takeAway: (() => void) | null;
  /**
   * Drops what keeps segments alive on this side. Call it when every receiver has decoded; for
   * `receivers: 'one'` it may be called at once, the memory then lives until it was opened.
   *
   * @param forsaken - for `receivers: 'one'`: whether nobody will decode the message any more
   */
  release(forsaken?: () => boolean): void;
  /** Instead of `release()`, for a message that nobody has been sent: all of it goes at once. */
  drop(): void;
}

const nothing: readonly object[] = [];
const noop = (): void => {};

class Functions implements FunctionSink {
  readonly payloads: unknown[] = [];
  readonly #indices = new Map<Callable, number>();
  readonly #options: EncodeOptions;

  constructor(options: EncodeOptions) {
    this.#options = options;
  }

  add(fn: Callable, path: string): number {
    let index = this.#indices.get(fn);
    if (index === undefined) {
      index = this.payloads.push(encodeCallable(fn, path, this.#options)) - 1;
      this.#indices.set(fn, index);
    }
    return index;
  }
}

/** A value in parts, and what the parts hold. */
export interface WrappedValue {
  readonly message: Wrapped;
  readonly views: ViewTable;
  /** Those of the functions; who drops them drops what they captured. */
  readonly payloads: unknown[];
}

/**
 * Takes a value apart, whatever it is.
 *
 * @param snapshot - memory that all write to goes as it is now
 * @throws {@link CloneError} with the path to what cannot travel
 */
export function wrap(value: unknown, options: EncodeOptions, snapshot = false): WrappedValue {
  const functions = new Functions(options);
  const { to, maxBytes, receivers = 'many', moves, path = 'value' } = options;
  const encoder = new Encoder({ to, maxBytes, receivers, moves, snapshot, functions });
  const root = encoder.root(value, path);
  const { references, steps, views } = encoder;
  views.finish();
  const { payloads } = functions;
  const message = { [MARK]: 1, root, references, steps, functions: [...payloads] } as const;
  return { message, views, payloads };
}

/**
 * Makes the message that carries a value to a worker or back.
 *
 * @param value - anything; a whole batch as one array costs least
 * @throws {@link CloneError} with the path to what cannot travel, before anything is sent
 */
export function encode(value: unknown, options: EncodeOptions): Encoded {
  if (isPlain(value, options.maxBytes)) {
    return { message: value, transfer: nothing, takeAway: null, release: noop, drop: noop };
  }
  const { message, views, payloads } = wrap(value, options);
  const { outgoing, transfer, kept } = views;
  const takeAway = kept.length === 0 ? null : () => kept.forEach(detach);
  if (outgoing.length === 0 && payloads.length === 0) {
    return { message, transfer, takeAway, release: noop, drop: noop };
  }
  const release = (forsaken?: () => boolean) => {
    for (const item of outgoing) item.release(forsaken);
    // What the functions captured lives as long as their payloads, which are held until here.
    payloads.length = 0;
  };
  const drop = () => {
    for (const item of outgoing) item.drop();
    payloads.length = 0;
  };
  return { message, transfer, takeAway, release, drop };
}

export function isWrapped(message: unknown): message is Wrapped {
  return typeof message === 'object' && message !== null && MARK in message;
}

/** The memory that a message names, that of sealed values in it too. */
function* memoryOf({ references }: Wrapped): Generator<MemoryHandle, void, undefined> {
  for (const reference of references) {
    if (reference.kind === 'segment' && reference.handle.kind === 'memory') yield reference.handle;
    if (reference.kind !== 'sealed') continue;
    for (const part of reference.memory) {
      if (!(part instanceof ArrayBuffer) && part.kind === 'memory') yield part;
    }
  }
}

/**
 * What must be waited for before a message can be decoded: the modules of the functions and
 * classes in it. `null` for nearly every message. Never throws: a function that can't be made is
 * an error of {@link decode}.
 */
export function loading(message: unknown): Promise<void> | null {
  if (!isWrapped(message) || message.functions.length === 0) return null;
  const waits: Promise<void>[] = [];
  for (const payload of message.functions) {
    try {
      const wait = loadCallable(payload);
      if (wait) waits.push(wait);
    } catch {
      // decode() tries again, and throws it where errors are expected.
    }
  }
  return waits.length === 0 ? null : Promise.all(waits).then(noop);
}

/**
 * Makes the value of a message again. Where {@link loading} returns a promise for the message, that
 * has to be awaited first.
 */
export function decode(message: unknown): unknown {
  try {
    return receive(message);
  } catch (error) {
    if (unopenedMemory(error)) discard(message); // nobody tries again
    throw error;
  }
}

/**
 * {@link decode} for who asks the sender for memory that can't be opened here, tries again, and says
 * {@link discard} at last where that fails, too.
 */
export function receive(message: unknown): unknown {
  if (!isWrapped(message)) return message;
  try {
    return unwrap(message, (index) => decodeCallable(message.functions[index]));
  } catch (error) {
    if (!unopenedMemory(error)) discard(message);
    throw error;
  }
}

/**
 * Opens the memory of a message for one receiver ahead of {@link decode}: from here on it is there
 * whatever becomes of its sender, and of a sender that has gone nothing is said yet.
 *
 * @returns lets go of it, after `decode` or instead of it
 * @throws an Error with a code where this process has no descriptor or memory left
 */
export function pin(message: unknown): () => void {
  if (!isWrapped(message)) return noop;
  const pins: NativeSegment[] = [];
  const release = () => {
    for (const segment of pins) unpin(segment);
  };
  try {
    for (const handle of memoryOf(message)) {
      const segment = openAhead(handle);
      if (segment) pins.push(segment);
    }
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

/**
 * Says of a message for one receiver that it will not be decoded (its job was cancelled), so that
 * its sender frees the memory it keeps for us.
 */
export function discard(message: unknown): void {
  if (!isWrapped(message)) return;
  for (const handle of memoryOf(message)) touch(handle);
}
