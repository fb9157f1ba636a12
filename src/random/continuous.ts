/**
 * The continuous distributions but for uniform, normal and exponential numbers.
 */
import { rangeError } from '../errors.ts';
import { anyNumber, nonNegative, positive } from './arguments.ts';
import { type Distribution, distribution, type Values } from './distribution.ts';
import type { Float64Method, FloatMethod } from './methods.ts';
import { install } from './sampler.ts';
import { DistributionId } from './stream.ts';
import { UniformSampler } from './uniform.ts';

function checkTriangle([left, mode, right]: Values): void {
  if (left > mode) throw rangeError('mode', mode, `at least left (${left})`);
  if (mode > right) throw rangeError('right', right, `at least mode (${mode})`);
  if (left === right) throw rangeError('right', right, `above left (${left})`);
}

const location = { loc: [anyNumber, 0], scale: [nonNegative, 1] } as const;

export const continuousDistributions = {
  standardGamma: distribution(DistributionId.standardGamma, 'floats', { shape: nonNegative }),
  gamma: distribution(DistributionId.gamma, 'float64', {
    shape: nonNegative,
    scale: [nonNegative, 1],
  }),
  beta: distribution(DistributionId.beta, 'float64', { a: positive, b: positive }),
  chisquare: distribution(DistributionId.chisquare, 'float64', { df: positive }),
  noncentralChisquare: distribution(DistributionId.noncentralChisquare, 'float64', {
    df: positive,
    nonc: nonNegative,
  }),
  f: distribution(DistributionId.f, 'float64', { dfnum: positive, dfden: positive }),
  noncentralF: distribution(DistributionId.noncentralF, 'float64', {
    dfnum: positive,
    dfden: positive,
    nonc: nonNegative,
  }),
  standardT: distribution(DistributionId.standardT, 'float64', { df: positive }),
  standardCauchy: distribution(DistributionId.standardCauchy, 'float64', {}),
  lognormal: distribution(DistributionId.lognormal, 'float64', {
    mean: [anyNumber, 0],
    sigma: [nonNegative, 1],
  }),
  laplace: distribution(DistributionId.laplace, 'float64', location),
  logistic: distribution(DistributionId.logistic, 'float64', location),
  gumbel: distribution(DistributionId.gumbel, 'float64', location),
  rayleigh: distribution(DistributionId.rayleigh, 'float64', { scale: [nonNegative, 1] }),
  weibull: distribution(DistributionId.weibull, 'float64', { a: nonNegative }),
  pareto: distribution(DistributionId.pareto, 'float64', { a: positive }),
  power: distribution(DistributionId.power, 'float64', { a: positive }),
  triangular: distribution(
    DistributionId.triangular,
    'float64',
    { left: anyNumber, mode: anyNumber, right: anyNumber },
    checkTriangle,
  ),
  vonmises: distribution(DistributionId.vonmises, 'float64', { mu: anyNumber, kappa: nonNegative }),
  wald: distribution(DistributionId.wald, 'float64', { mean: positive, scale: positive }),
} satisfies Record<string, Distribution>;

/** Continuous distributions. Their parameters may be arrays, which broadcast. */
export abstract class ContinuousSampler extends UniformSampler {
  /** Gamma numbers of scale 1; `shape` is at least 0. */
  declare readonly standardGamma: FloatMethod<[shape: number]>;

  /** Gamma numbers; `shape` and `scale` (1) are at least 0. */
  declare readonly gamma: Float64Method<[shape: number, scale?: number]>;

  /** Beta numbers, in [0, 1]; `a` and `b` are above 0. */
  declare readonly beta: Float64Method<[a: number, b: number]>;

  /** Chi-square numbers of `df` degrees of freedom, which are above 0. */
  declare readonly chisquare: Float64Method<[df: number]>;

  /** Noncentral chi-square numbers; `df` is above 0, the noncentrality `nonc` at least 0. */
  declare readonly noncentralChisquare: Float64Method<[df: number, nonc: number]>;

  /** Numbers of Fisher's F distribution; both degrees of freedom are above 0. */
  declare readonly f: Float64Method<[dfnum: number, dfden: number]>;

  /** Numbers of the noncentral F distribution; `nonc` is at least 0. */
  declare readonly noncentralF: Float64Method<[dfnum: number, dfden: number, nonc: number]>;

  /** Numbers of Student's t distribution of `df` degrees of freedom, which are above 0. */
  declare readonly standardT: Float64Method<[df: number]>;

  /** Cauchy numbers: the ratio of two normal ones, which has no mean. */
  declare readonly standardCauchy: Float64Method<[]>;

  /** Numbers whose logarithm is normal, of `mean` (0) and standard deviation `sigma` (1). */
  declare readonly lognormal: Float64Method<[mean?: number, sigma?: number]>;

  /** Laplace numbers: exponential to both sides of `loc` (0), with `scale` (1). */
  declare readonly laplace: Float64Method<[loc?: number, scale?: number]>;

  /** Logistic numbers around `loc` (0), with `scale` (1). */
  declare readonly logistic: Float64Method<[loc?: number, scale?: number]>;

  /** Gumbel numbers, of largest values: mode `loc` (0), `scale` (1). */
  declare readonly gumbel: Float64Method<[loc?: number, scale?: number]>;

  /** Rayleigh numbers of mode `scale` (1). */
  declare readonly rayleigh: Float64Method<[scale?: number]>;

  /** Weibull numbers of scale 1; the shape `a` is at least 0. */
  declare readonly weibull: Float64Method<[a: number]>;

  /** Pareto numbers of the second kind (Lomax), from 0 on; the shape `a` is above 0. */
  declare readonly pareto: Float64Method<[a: number]>;

  /** Numbers in [0, 1] with density a·x^(a − 1); `a` is above 0. */
  declare readonly power: Float64Method<[a: number]>;

  /** Triangular numbers in [left, right], densest at `mode`. */
  declare readonly triangular: Float64Method<[left: number, mode: number, right: number]>;

  /** Angles in [−π, π] around `mu` with concentration `kappa`, which is at least 0 (von Mises). */
  declare readonly vonmises: Float64Method<[mu: number, kappa: number]>;

  /** Wald (inverse Gaussian) numbers; `mean` and `scale` are above 0. */
  declare readonly wald: Float64Method<[mean: number, scale: number]>;
}

install(ContinuousSampler.prototype, continuousDistributions);
