/**
 * How values pass between the scheduler and a worker: through the codec, or, where both are in one
 * environment, as they are.
 */

import type { SegmentHandle, UnopenedMemory } from '../memory/index.ts';
import type { Reach } from './backend.ts';
import type { FunctionMessage } from './messages.ts';
import type { ValueBatch } from './value-batch.ts';
import { packPrimitives, unpackValues } from './value-batch.ts';

export type TaskFunction = (...args: unknown[]) => unknown;

/** A packed value batch, and what has to be handed over or dropped with it. */
export interface Packed<T> {
  readonly message: T;
  readonly transfer: readonly unknown[];
  /** To be called when the other side has decoded the message; null where nothing is held. */
  readonly release: (() => void) | null;
  /**
   * To be called when the receiver is done, and will not need the message again: takes away here what
   * was to be moved. Null where nothing was, or it is in `transfer`.
   */
  readonly takeAway: (() => void) | null;
}

export interface Codec {
  /** Whether values that are no primitives can be packed now. */
  isReady(): boolean;
  /** Until they can. */
  whenReady(): Promise<void>;
  /** Packs the values of a batch. `path` says what an error calls them. */
  pack(values: readonly unknown[], path: string): Packed<ValueBatch>;
  packOne(value: unknown, path: string): Packed<unknown>;
  /** What has to be awaited before the message can be decoded. */
  loading(message: unknown): Promise<void> | null;
  unpack(valueBatch: ValueBatch): ArrayLike<unknown>;
  unpackOne(message: unknown): unknown;
  /** Makes a value that others can pass on; a primitive is one. */
  seal(value: unknown, path: string): unknown;
  /** The message of what has been sealed, null for what has not been. */
  sealedMessage(value: unknown): unknown;
  /** Lets go of a value batch that nobody will unpack. */
  drop(valueBatch: ValueBatch): void;
  /** The memory that could not be opened, of which its sender may have a copy; null for other errors. */
  unopened(error: unknown): UnopenedMemory | null;
  /** Gives the next tries bytes in place of memory; returns what takes them back. */
  supply(handle: SegmentHandle, bytes: ArrayBuffer): () => void;
}

const nothing: readonly unknown[] = [];

/** What is packed and holds nothing. */
function unheld<T>(message: T): Packed<T> {
  return { message, transfer: nothing, release: null, takeAway: null };
}

/** For a worker in the same environment. */
export const localCodec: Codec = {
  isReady: () => true,
  whenReady: () => Promise.resolve(),
  pack: (values) => unheld({ kind: 'plain', values }),
  packOne: unheld,
  loading: () => null,
  unpack: (valueBatch) => unpackValues(valueBatch, (message) => message),
  unpackOne: (message) => message,
  seal: (value) => value,
  sealedMessage: () => null,
  drop: () => {},
  unopened: () => null,
  supply: () => () => {},
};

/** See `ViewOptions` of the codec. */
type Moves = 'transfer' | 'keep';

/** A value that has been sealed, and what its memory is let go with. */
interface Sealing {
  readonly value: unknown;
  release(): void;
}

/** What a codec for other environments is made of; src/codec has it. */
export interface ValueCodec {
  /** Given by a codec that may still be loading. */
  readonly lazy?: { isReady(): boolean; whenReady(): Promise<void> };
  encode(
    value: unknown,
    options: {
      to: Exclude<Reach, 'local'>;
      maxBytes: number;
      path?: string;
      receivers?: 'one' | 'many';
      moves?: Moves | undefined;
      toCaller?: boolean;
    },
  ): {
    readonly message: unknown;
    readonly transfer: readonly unknown[];
    readonly takeAway: (() => void) | null;
    release(): void;
  };
  decode(message: unknown): unknown;
  seal(value: unknown, options: Parameters<ValueCodec['encode']>[1]): Sealing;
  isSealed(value: unknown): boolean;
  unsealed(value: never): unknown;
  discard(message: unknown): void;
  loading(message: unknown): Promise<void> | null;
  unopened(error: unknown): UnopenedMemory | null;
  supply(handle: SegmentHandle, bytes: ArrayBuffer): () => void;
}

/**
 * For a worker in another environment.
 *
 * @param receivers - 'one' where each message is decoded once, by one receiver: results; arguments
 *   may be sent again when a worker has died
 * @param moves - what becomes of what is to be moved with values of batches: the receiver gets it itself, or
 *   a copy of what is kept here until it is done
 */
export function remoteCodec(
  codec: ValueCodec,
  to: Exclude<Reach, 'local'>,
  maxBytes: number,
  receivers: 'one' | 'many',
  moves: Moves,
): Codec {
  const toCaller = receivers === 'one';
  const encode = (value: unknown, path: string, how?: Moves): Packed<unknown> =>
    codec.encode(value, { to, maxBytes, path, receivers, moves: how, toCaller });
  return {
    isReady: () => codec.lazy?.isReady() ?? true,
    whenReady: () => codec.lazy?.whenReady() ?? Promise.resolve(),
    pack(values, path) {
      const valueBatch = packPrimitives(values);
      if (valueBatch) return unheld(valueBatch);
      const { message, transfer, release, takeAway } = encode(values, path, moves);
      const coded = { kind: 'coded', count: values.length, message } as const;
      return { message: coded, transfer, release, takeAway };
    },
    packOne: (value, path) => encode(value, path),
    loading: (message) => codec.loading(message),
    unpack: (valueBatch) => unpackValues(valueBatch, codec.decode),
    unpackOne: codec.decode,
    seal(value, path) {
      // Whom it goes to in the end nobody knows.
      const sealing = codec.seal(value, { to, maxBytes, path, receivers });
      if (receivers === 'one') sealing.release();
      return sealing.value;
    },
    sealedMessage: (value) => (codec.isSealed(value) ? codec.unsealed(value as never) : null),
    drop(valueBatch) {
      if (valueBatch.kind === 'coded') codec.discard(valueBatch.message);
    },
    unopened: codec.unopened,
    supply: codec.supply,
  };
}

/** Makes the function of a message; at once where that is possible. */
export type FunctionLoader = (message: FunctionMessage) => TaskFunction | Promise<TaskFunction>;
