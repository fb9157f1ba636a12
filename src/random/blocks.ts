/**
 * Fills by blocks, each from a stream of its own.
 */
import { types } from 'node:util';
import { FRAME_HEADER as HEADER } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { resolveThreads } from '../executor/index.ts';
import { native } from '../native.ts';
import { checkKeys } from '../options.ts';
import { type BitGenerator, streamOf } from './bit-generator.ts';
import { continuousDistributions } from './continuous.ts';
import { discreteDistributions } from './discrete.ts';
import { checked, type Distribution } from './distribution.ts';
import { writeFrame } from './stream.ts';
import { uniformDistributions } from './uniform.ts';

const distributions = {
  ...uniformDistributions,
  ...continuousDistributions,
  ...discreteDistributions,
};

/** What a fill by blocks is filled with. */
export interface BlockOptions {
  /** The method whose numbers they are. */
  distribution: keyof typeof distributions;
  /** Its parameters, in its order: numbers. */
  parameters?: readonly number[] | undefined;
  /** Numbers in a block, 65536 unless given. Another size gives other numbers. */
  blockSize?: number | undefined;
  /** The most cores to use. Default: as many as an operation may use here. */
  threads?: number | undefined;
}

/** Fills `out`; block i gets the numbers of the i-th child that is spawned now. */
export function fillBlocks<D extends Float64Array | Float32Array>(
  generator: BitGenerator,
  out: D,
  options: BlockOptions,
): D {
  if (!types.isFloat64Array(out) && !types.isFloat32Array(out)) {
    throw typeError('out', out, 'a Float64Array or Float32Array');
  }
  checkKeys('options', options, ['distribution', 'parameters', 'blockSize', 'threads']);
  const { distribution, parameters = [], blockSize = 65536 } = options;
  if (!Object.hasOwn(distributions, distribution)) {
    throw typeError(
      'distribution',
      distribution,
      `one of ${Object.keys(distributions).join(', ')}`,
    );
  }
  const of: Distribution = distributions[distribution];
  if (types.isFloat32Array(out) && of.results !== 'floats') {
    throw typeError('out', out, `a Float64Array for ${distribution}`);
  }
  if (!Number.isSafeInteger(blockSize) || blockSize < 1) {
    throw rangeError('blockSize', blockSize, 'a whole number of at least 1');
  }
  const drawn = checked(of, parameters);
  const threads = resolveThreads(options.threads, 'openmp');
  if (out.length === 0) return out;
  const children = generator.spawn(Math.ceil(out.length / blockSize));
  const size = streamOf(generator).words.length;
  const states = new Uint32Array(children.length * size);
  for (let i = 0; i < children.length; i++) {
    states.set(streamOf(children[i] as BitGenerator).words, i * size);
  }
  writeFrame(drawn, threads);
  native.random.frame[HEADER + 4] = blockSize;
  native.random.fillBlocks(states, out);
  return out;
}
