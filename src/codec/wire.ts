/**
 * What an encoded value looks like between the encoder and the decoder: plain data that
 * structured clone carries, in which the places of special values are named by steps.
 */

/** Where a message goes: to a thread, a process of this machine, or to any machine at all. */
export type CodecTarget = 'thread' | 'process' | 'machine';

import type { SegmentHandle } from '../memory/index.ts';
import type { RemoteKind, RemoteState } from './remotes.ts';
import type { MARK } from './scan.ts';
import type { SealedMemory } from './sealed.ts';

/** A value that structured clone cannot carry by itself, and how the decoder makes it. */
export type Reference =
  | {
      readonly kind: 'view';
      readonly type: string;
      buffer: number;
      offset: number;
      length: number;
      /** A class that extends the type; -1 for none. */
      readonly class: number;
    }
  | { readonly kind: 'buffer'; readonly bytes: ArrayBuffer }
  | { readonly kind: 'segment'; readonly handle: SegmentHandle }
  /** In a sealed value: memory by its place there. */
  | { readonly kind: 'memory'; readonly index: number }
  /** A sealed value, which stays sealed. */
  | {
      readonly kind: 'sealed';
      readonly bytes: Uint8Array;
      readonly memory: readonly SealedMemory[];
      readonly objects: readonly string[];
    }
  /** What stays where it is, by its name. */
  | { readonly kind: 'remote'; readonly type: RemoteKind; readonly state: RemoteState }
  | { readonly kind: 'symbol'; readonly key: string; readonly wellKnown: boolean }
  | { readonly kind: 'null-object' }
  /** An object with internal slots: made by a constructor of the language's or of Node's. */
  | {
      readonly kind: 'built';
      /** As it is reached from globalThis. */
      readonly base: string;
      readonly args: readonly unknown[];
      /** A class that extends it; -1 for none. */
      readonly class: number;
    }
  | { readonly kind: 'function'; readonly index: number }
  /** An instance whose own properties are assigned by a later step. */
  | { readonly kind: 'instance'; readonly class: number }
  /** An instance that its class restores from a state. */
  | { readonly kind: 'restored'; readonly class: number; readonly state: readonly [unknown] }
  /** One that a registered serializer restores: by its id where that is known, else by a function. */
  | {
      readonly kind: 'registered';
      readonly id: string;
      readonly restore: number;
      readonly state: readonly [unknown];
    }
  | {
      readonly kind: 'error';
      /** The nearest global class. */
      readonly name: string;
      /** A class that extends it; -1 for none. */
      readonly class: number;
    };

/** One action of the decoder, in order. References are made when they are first used. */
export type Step =
  /** holder[key] = references[index] */
  | readonly ['set', holder: object, key: string | number, index: number]
  /** Fill an empty Map or Set from its entries. */
  | readonly ['map', target: Target, entries: readonly unknown[]]
  | readonly ['collect', target: Target, entries: readonly unknown[]]
  /** Give an object its own enumerable members. */
  | readonly ['assign', target: Target, properties: object]
  /**
   * Give an object members that are hidden, accessors, or have a symbol for a key, which is then the
   * index of a reference. An accessor has two values, what reads and what writes it.
   */
  | readonly [
      'define',
      target: Target,
      keys: readonly (string | number)[],
      flags: readonly number[],
      values: readonly unknown[],
    ]
  /** Have an object take no more members, and change none, as the object that it stands for. */
  | readonly ['close', target: Target, how: Closedness];

/** What was done to an object that takes no more members. */
export type Closedness = 'preventExtensions' | 'seal' | 'freeze';

/** An object of the skeleton, or the index of a reference. */
export type Target = object | number;

/** Flags of a member. */
export const HIDDEN = 0;
export const SHOWN = 1;
export const ACCESSOR = 2;

/** A message that has to be unwrapped. */
export interface Wrapped {
  readonly [MARK]: 1;
  /** The value, boxed so that a step can replace it too. */
  readonly root: readonly [unknown];
  readonly references: readonly Reference[];
  readonly steps: readonly Step[];
  /** Payloads of the functions and classes that the value needs. */
  readonly functions: readonly unknown[];
}
