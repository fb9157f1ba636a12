/**
 * What an encoded value looks like between the encoder and the decoder: plain data that
 * structured clone carries, in which the places of special values are named by steps.
 */

import type { SegmentHandle } from '../memory/index.ts';
import type { MARK } from './scan.ts';

/** A value that structured clone cannot carry by itself, and how the decoder makes it. */
export type Reference =
  | { readonly kind: 'view'; readonly type: string; buffer: number; offset: number; length: number }
  | { readonly kind: 'buffer'; readonly bytes: ArrayBuffer }
  | { readonly kind: 'segment'; readonly handle: SegmentHandle }
  | { readonly kind: 'symbol'; readonly key: string; readonly wellKnown: boolean }
  | { readonly kind: 'null-object' }
  | { readonly kind: 'url'; readonly href: string }
  | { readonly kind: 'function'; readonly index: number }
  /** An instance whose own properties are assigned by a later step. */
  | { readonly kind: 'instance'; readonly class: number }
  /** An instance that its class restores from a state. */
  | { readonly kind: 'restored'; readonly class: number; readonly state: readonly [unknown] }
  | {
      readonly kind: 'error';
      /** The class: a global one by name, another one as a reference to a function. */
      readonly name: string;
      readonly class: number;
      readonly message: string;
    };

/** One action of the decoder, in order. References are made when they are first used. */
export type Step =
  /** holder[key] = references[index] */
  | readonly ['set', holder: object, key: string | number, index: number]
  /** Fill an empty Map or Set from its entries. */
  | readonly ['map', map: Map<unknown, unknown>, entries: readonly unknown[]]
  | readonly ['collect', set: Set<unknown>, entries: readonly unknown[]]
  /** Give an instance (or an object without prototype) its own properties. */
  | readonly ['assign', index: number, properties: object]
  /** Give an error its own properties; the hidden ones are `stack` and `cause`. */
  | readonly ['describe', index: number, hidden: object, properties: object];

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
