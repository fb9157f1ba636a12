/**
 * Fills by blocks, each from a stream of its own.
 */
import { beginFrame, FRAME_HEADER as HEADER } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { BLOCKING, resolveThreads } from '../executor/index.ts';
import { native } from '../native.ts';
import {
  anyNumber,
  nonNegative,
  poissonMean,
  positive,
  probability,
  spread,
  wholeNumber,
} from './arguments.ts';
import { type BitGenerator, streamOf } from './bit-generators.ts';
import { Law, STATE_WORDS } from './stream.ts';

/** The distributions of {@link BlockOptions}, each with its parameters. */
const laws: Readonly<Record<string, (parameters: readonly number[]) => [Law, number, number]>> = {
  random: () => [Law.random, 0, 0],
  uniform: ([low = 0, high = 1]) => [Law.uniform, low, spread(low, high)],
  standardNormal: () => [Law.standardNormal, 0, 0],
  normal: ([loc = 0, scale = 1]) => [
    Law.normal,
    anyNumber('loc', loc),
    nonNegative('scale', scale),
  ],
  standardExponential: () => [Law.standardExponential, 0, 0],
  exponential: ([scale = 1]) => [Law.exponential, nonNegative('scale', scale), 0],
  standardGamma: ([shape]) => [Law.standardGamma, nonNegative('shape', shape), 0],
  gamma: ([shape, scale = 1]) => [
    Law.gamma,
    nonNegative('shape', shape),
    nonNegative('scale', scale),
  ],
  beta: ([a, b]) => [Law.beta, positive('a', a), positive('b', b)],
  chisquare: ([df]) => [Law.chisquare, positive('df', df), 0],
  poisson: ([lam = 1]) => [Law.poisson, poissonMean('lam', lam), 0],
  lognormal: ([mean = 0, sigma = 1]) => [
    Law.lognormal,
    anyNumber('mean', mean),
    nonNegative('sigma', sigma),
  ],
  laplace: ([loc = 0, scale = 1]) => [
    Law.laplace,
    anyNumber('loc', loc),
    nonNegative('scale', scale),
  ],
  standardT: ([df]) => [Law.student, positive('df', df), 0],
  geometric: ([p]) => [Law.geometric, positive('p', probability('p', p)), 0],
  binomial: ([n, p]) => [Law.binomial, wholeNumber('n', n), probability('p', p)],
};

/** Those that there are in float32. */
const FLOAT32 = ['random', 'standardNormal', 'standardExponential', 'standardGamma'];

/** What a fill by blocks is filled with. */
export interface BlockOptions {
  /** The method whose numbers they are. */
  distribution:
    | 'random'
    | 'uniform'
    | 'standardNormal'
    | 'normal'
    | 'standardExponential'
    | 'exponential'
    | 'standardGamma'
    | 'gamma'
    | 'beta'
    | 'chisquare'
    | 'lognormal'
    | 'laplace'
    | 'standardT'
    | 'poisson'
    | 'geometric'
    | 'binomial';
  /** Its parameters, in its order. */
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
  if (!(out instanceof Float64Array) && !(out instanceof Float32Array)) {
    throw typeError('out', out, 'a Float64Array or Float32Array');
  }
  const { distribution, parameters = [], blockSize = 65536 } = options;
  if (!Object.hasOwn(laws, distribution)) {
    throw typeError('distribution', distribution, `one of ${Object.keys(laws).join(', ')}`);
  }
  if (out instanceof Float32Array && !FLOAT32.includes(distribution)) {
    throw typeError('out', out, `a Float64Array for ${distribution}`);
  }
  if (!Number.isSafeInteger(blockSize) || blockSize < 1) {
    throw rangeError('blockSize', blockSize, 'a whole number of at least 1');
  }
  const [law, a, b] = (laws[distribution] as (typeof laws)[string])(parameters);
  const threads = resolveThreads(options.threads);
  if (out.length === 0) return out;
  const children = generator.spawn(Math.ceil(out.length / blockSize));
  const states = new Uint32Array(children.length * STATE_WORDS);
  for (let i = 0; i < children.length; i++) {
    states.set(streamOf(children[i] as BitGenerator).words, i * STATE_WORDS);
  }
  const frame = native.random.frame;
  beginFrame(frame, BLOCKING, threads);
  frame[HEADER] = law;
  frame[HEADER + 1] = a;
  frame[HEADER + 2] = b;
  frame[HEADER + 3] = blockSize;
  native.random.fillBlocks(states, out);
  return out;
}
