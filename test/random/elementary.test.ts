/**
 * The elementary functions of native/random: the same bits on every system, which are those of the C
 * library that NumPy's numbers were kept with.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultRng } from '../../src/random/index.ts';
import { testSeed } from '../helpers/seeds.ts';
import { probe } from '../threadpools/probe.ts';
import { sha256 } from './helpers.ts';

/** Hashes of 200 000 results of each kind of argument: as random numbers give them, any, at the edges. */
const kept: Record<string, readonly [bigint, bigint, bigint]> = {
  exp: [17405733185456275968n, 14914924395115019194n, 6987277009387188757n],
  expm1: [13026593151579896231n, 12913236700613629371n, 8936116801706552023n],
  log: [16364337137921908590n, 5052937717998450205n, 18225633512966194664n],
  log1p: [1814907661271179941n, 17742610377203714909n, 13724036718906435912n],
  pow: [10358954791683569084n, 5812269167540278363n, 15004156504418293773n],
  expf: [18250871615719388967n, 16609254098001607715n, 8500410904402809825n],
  logf: [13460488253650274712n, 9219864410010229480n, 7966036002155679909n],
  log1pf: [15128977086260787125n, 10048210919818147786n, 6156568700656124477n],
  powf: [5099987700278731812n, 962135158573882663n, 17303999598491944268n],
};

/** glibc 2.36 on a processor with fused multiply-add, whose bits are meant. */
const reference =
  process.arch === 'x64' &&
  probe.glibcVersion() === '2.36' &&
  /^flags.*\bfma\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));

describe.each(Object.entries(kept))('%s', (name, hashes) => {
  it('gives the bits that are kept', () => {
    const found = ([0, 1, 2] as const).map((kind) => probe.elementary(name, kind, 42, 200_000)[2]);
    expect(found).toEqual(hashes);
  });

  it('gives the same bits with and without the instruction of the processor', () => {
    for (const kind of [0, 1, 2] as const) {
      expect(probe.elementary(name, kind, testSeed, 100_000)[1]).toBe(0);
    }
  });

  it.runIf(reference)("gives the C library's bits", () => {
    for (const kind of [0, 1, 2] as const) {
      expect(probe.elementary(name, kind, testSeed, 1_000_000)[0]).toBe(0);
    }
  });
});

/** Of 200 000 numbers of seed 42. */
const streams: Record<string, readonly [(size: number) => ArrayBufferView, string]> = {
  'standardGamma(0.05)': [
    (n) => defaultRng(42).standardGamma(0.05, n),
    'ac9d3707c7d2ca9c3f9fee5a948d94cc3fff8766953ee5ca2192b62f000d26ab',
  ],
  lognormal: [
    (n) => defaultRng(42).lognormal(0, 1, n),
    '9e722f917661cacedab6c609e09731f78ef10e5dffe0e2cf4d0381d40b8d5c64',
  ],
  'beta(0.5, 0.7)': [
    (n) => defaultRng(42).beta(0.5, 0.7, n),
    'fefa988f722c058b6183544517d315aa4a72beb796ffd3524c93c4102fa707ed',
  ],
  pareto: [
    (n) => defaultRng(42).pareto(3, n),
    '0e77fd93487e0c83efcb6ea60a693ccb875d499a3b35203557a92ef565708c02',
  ],
  weibull: [
    (n) => defaultRng(42).weibull(1.5, n),
    '8e8aaca4c7f188788a26655538835e8539a13c19bee34aba31dbab1f76a16103',
  ],
  'float32 gamma': [
    (n) => defaultRng(42).standardGamma(0.3, n, { dtype: 'float32' }),
    '7027ccf2b0e4b14eaa6261705e40dc9da6872992549839fa65f603bf4096f5f9',
  ],
};

it.each(Object.entries(streams))('%s: the numbers are the same everywhere', (_, [draw, hash]) => {
  expect(sha256(draw(200_000))).toBe(hash);
});
