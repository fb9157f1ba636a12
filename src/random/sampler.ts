/**
 * What the families of distributions extend: an object that draws from a bit generator.
 */
import { typeError } from '../errors.ts';
import { BitGenerator, streamOf as streamOfBits } from './bit-generator.ts';
import { type Distribution, sample } from './distribution.ts';
import type { Stream } from './stream.ts';

/** The stream behind a sampler; for the modules of this folder. */
export let streamOf: (sampler: Sampler) => Stream;

/** Draws from a bit generator. */
export abstract class Sampler {
  /** Where the bits come from. */
  readonly bitGenerator: BitGenerator;
  readonly #stream: Stream;

  static {
    streamOf = (sampler) => sampler.#stream;
  }

  constructor(bitGenerator: BitGenerator) {
    if (!(bitGenerator instanceof BitGenerator)) {
      throw typeError('bitGenerator', bitGenerator, 'a bit generator, such as new PCG64(seed)');
    }
    this.bitGenerator = bitGenerator;
    this.#stream = streamOfBits(bitGenerator);
  }
}

/** A method written by hand, for the calls that must be fast. */
export type Method = (this: Sampler, ...call: never[]) => unknown;

/**
 * Gives a class the methods of distributions.
 *
 * @param methods - a distribution, or a method written by hand
 */
export function install(
  prototype: object,
  methods: Readonly<Record<string, Distribution | Method>>,
): void {
  for (const [name, of] of Object.entries(methods)) {
    const value =
      typeof of === 'function'
        ? of
        : {
            [name](this: Sampler, ...call: unknown[]): unknown {
              return sample(streamOf(this), of, call);
            },
          }[name];
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}
