/**
 * The distributions of counts.
 *
 * They are drawn as 64-bit integers. In a Float64Array, the default, those beyond 2^53 are rounded;
 * with `dtype: 'int64'` they come exactly.
 */
import { rangeError } from '../errors.ts';
import {
  aboveOne,
  LARGEST_MEAN,
  poissonMean,
  positiveNumber,
  positiveProbability,
  probability,
  probabilityBelowOne,
  urnCount,
  wholeNumber,
} from './arguments.ts';
import { ContinuousSampler } from './continuous.ts';
import { type Distribution, distribution, type Values } from './distribution.ts';
import type { CountMethod } from './methods.ts';
import { install } from './sampler.ts';
import { DistributionId } from './stream.ts';

/** The Poisson mean that is drawn first must stay below the largest, ten deviations away. */
function checkNegativeBinomial([n, p]: Values): void {
  if (((1 - p) / p) * (n + 10 * Math.sqrt(n)) > LARGEST_MEAN) {
    throw rangeError('p', p, `larger, or n (${n}) smaller: counts would not fit in 63 bits`);
  }
}

function checkUrn([good, bad, sample]: Values): void {
  if (good + bad < sample) {
    throw rangeError('nsample', sample, `at most ngood + nbad (${good + bad})`);
  }
}

export const discreteDistributions = {
  poisson: distribution(DistributionId.poisson, 'counts', { lam: [poissonMean, 1] }),
  binomial: distribution(DistributionId.binomial, 'counts', { n: wholeNumber, p: probability }),
  negativeBinomial: distribution(
    DistributionId.negativeBinomial,
    'counts',
    { n: positiveNumber, p: positiveProbability },
    checkNegativeBinomial,
  ),
  geometric: distribution(DistributionId.geometric, 'counts', { p: positiveProbability }),
  hypergeometric: distribution(
    DistributionId.hypergeometric,
    'counts',
    { ngood: urnCount, nbad: urnCount, nsample: wholeNumber },
    checkUrn,
  ),
  logseries: distribution(DistributionId.logseries, 'counts', { p: probabilityBelowOne }),
  zipf: distribution(DistributionId.zipf, 'counts', { a: aboveOne }),
} satisfies Record<string, Distribution>;

/** Distributions of counts. Their parameters may be arrays, which broadcast. */
export abstract class DiscreteSampler extends ContinuousSampler {
  /** Counts of events that happen `lam` (1) times on average. */
  declare readonly poisson: CountMethod<[lam?: number]>;

  /** Counts of successes among `n` trials that succeed with probability `p`. */
  declare readonly binomial: CountMethod<[n: number, p: number]>;

  /** Counts of failures before the `n`-th success, each with probability `p`; n need not be whole. */
  declare readonly negativeBinomial: CountMethod<[n: number, p: number]>;

  /** Counts of trials until one succeeds that does so with probability `p`. */
  declare readonly geometric: CountMethod<[p: number]>;

  /**
   * Counts of good ones among `nsample` that are drawn without replacement from `ngood` good and
   * `nbad` bad ones, each fewer than 10^9.
   */
  declare readonly hypergeometric: CountMethod<[ngood: number, nbad: number, nsample: number]>;

  /** Counts with probabilities proportional to p^k / k, from 1 on; `p` is at least 0, below 1. */
  declare readonly logseries: CountMethod<[p: number]>;

  /** Counts with probabilities proportional to k^−a, from 1 on (Zipf); `a` is above 1. */
  declare readonly zipf: CountMethod<[a: number]>;
}

install(DiscreteSampler.prototype, discreteDistributions);
