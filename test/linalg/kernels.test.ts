import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blasInfo } from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import { libraries } from '../helpers/debian.ts';
import { fc } from '../helpers/seeds.ts';

// The bits of native/blas/kernels.h, in their order.
const BITS = 'avx avx2 fma f bw cd dq vl bf16 asimd dot sve'.split(' ');
const bits = (names: string) =>
  names.split(' ').reduce((all, name) => {
    if (name === '') return all;
    expect(BITS).toContain(name);
    return all | (1 << BITS.indexOf(name));
  }, 0);

const AVX2 = 'avx avx2 fma';
const AVX512 = `${AVX2} f bw cd dq vl`;

// What CPUID (or Linux's HWCAP) says of processors, what OpenBLAS 0.3.21 or a later one takes for
// them by itself, and what they should run. Sources: the makers' manuals, and OpenBLAS's
// cpuid_x86.c, dynamic.c and dynamic_arm64.c for its own choices.
const rows: [string, string, number, string, string, string | null][] = [
  ['Nehalem', '', 0, 'Nehalem', '', null],
  ['Sandy Bridge', 'avx', 0, 'Sandybridge', 'Sandybridge', null],
  ['Bulldozer, with FMA4 alone', 'avx', 0, 'Bulldozer', 'Sandybridge', null],
  ['Haswell', AVX2, 0, 'Haswell', 'Haswell', null],
  ['Zen 1 to 3', AVX2, 0, 'Zen', 'Haswell', null],
  ['Alder Lake, a hybrid without AVX-512', AVX2, 0, 'Haswell', 'Haswell', null],
  [
    'Arrow Lake, of a model that is newer than the library',
    AVX2,
    0,
    'Prescott',
    'Haswell',
    'Haswell',
  ],
  ['Skylake-X', AVX512, 0, 'SkylakeX', 'SkylakeX', null],
  ['Cooper Lake', `${AVX512} bf16`, 0, 'Cooperlake', 'SkylakeX', null],
  ['Sapphire Rapids', `${AVX512} bf16`, 0, 'SapphireRapids', 'SkylakeX', null],
  ['Emerald Rapids, unknown to 0.3.21', `${AVX512} bf16`, 0, 'Prescott', 'SkylakeX', 'SkylakeX'],
  ['Zen 4', `${AVX512} bf16`, 0, 'Haswell', 'SkylakeX', 'SkylakeX'],
  ['Zen 4 as a later library has it', `${AVX512} bf16`, 0, 'Cooperlake', 'SkylakeX', null],
  ['Zen 5', `${AVX512} bf16`, 0, 'Zen', 'SkylakeX', 'SkylakeX'],
  ['Knights Landing, with another AVX-512', `${AVX2} f cd`, 0, 'Haswell', 'Haswell', null],
  ['AVX-512 masked by a hypervisor', AVX2, 0, 'Haswell', 'Haswell', null],
  ['AVX2 without FMA', 'avx avx2', 0, 'Sandybridge', 'Sandybridge', null],
  ['Cortex-A72', 'asimd', 0, 'cortexa72', 'cortexa57', null],
  ['Cortex-A of 2030', 'asimd', 0, 'armv8', 'cortexa57', 'cortexa57'],
  ['Neoverse N1', 'asimd dot', 0, 'neoversen1', 'neoversen1', null],
  ['Apple M1 under Linux', 'asimd dot', 0, 'armv8', 'neoversen1', 'neoversen1'],
  ['Neoverse V1', 'asimd dot sve', 32, 'neoversev1', 'neoversev1', null],
  ['Neoverse N2', 'asimd dot sve', 16, 'neoversen2', 'neoversen2', null],
  ['Neoverse V2, unknown to 0.3.21', 'asimd dot sve', 16, 'armv8', 'neoversen2', 'neoversen2'],
  ['A64FX', 'asimd sve', 64, 'armv8', 'armv8sve', 'armv8sve'],
];

describe('kernels by features', () => {
  it.each(rows)('%s', (_, names, sve, own, best, better) => {
    expect(native.blas.chooseCore(bits(names), sve) ?? '').toBe(best);
    expect(native.blas.chooseCore(bits(names), sve, own)).toBe(better);
  });

  it('never need what the processor lacks, and leave names alone that are not known', () => {
    const needs: Record<string, string> = {
      SkylakeX: 'f bw cd dq vl',
      Haswell: 'avx2 fma',
      Sandybridge: 'avx',
      neoversev1: 'sve',
      neoversen2: 'sve',
      armv8sve: 'sve',
      neoversen1: 'asimd dot',
      cortexa57: 'asimd',
    };
    fc.assert(
      fc.property(fc.nat(2 ** BITS.length - 1), fc.constantFrom(0, 16, 32, 64), (set, sve) => {
        const core = native.blas.chooseCore(set, sve);
        if (core !== null) {
          const wanted = bits(needs[core] as string);
          expect(set & wanted).toBe(wanted);
        }
        expect(native.blas.chooseCore(set, sve, 'GraniteRapids')).toBeNull();
        if (core !== null) expect(native.blas.chooseCore(set, sve, core)).toBeNull();
      }),
    );
  });
});

describe('the library in use', () => {
  const bundled = /libopenblas-heddle\./.test(blasInfo().file);
  const here = native.blas.processorFeatures();
  const avx512 = (here & bits('f bw cd dq vl')) === bits('f bw cd dq vl');

  /** What a process of its own says of its BLAS. */
  function blasOf(env: Record<string, string>) {
    const program =
      "import('./src/linalg/index.ts').then((m) => console.log(JSON.stringify(m.blasInfo())))";
    const clean = { ...process.env, OPENBLAS_CORETYPE: undefined };
    const out = execFileSync(process.execPath, ['--import', 'tsx', '-e', program], {
      encoding: 'utf8',
      env: { ...clean, ...env },
    });
    return JSON.parse(out) as ReturnType<typeof blasInfo>;
  }

  it.runIf(bundled && process.arch === 'x64')('runs what the processor can, and says why', () => {
    const found = blasOf({});
    if (avx512) expect(found).toMatchObject({ architecture: 'SkylakeX', chosenBy: 'features' });
    else expect(found.chosenBy).toBe('library');
  });

  it.runIf(bundled && process.arch === 'x64')('runs what the user has set', () => {
    expect(blasOf({ OPENBLAS_CORETYPE: 'Nehalem' })).toMatchObject({
      architecture: 'Nehalem',
      chosenBy: 'OPENBLAS_CORETYPE',
    });
  });

  it('of the system is told only where it has chosen worse', () => {
    const [, file] = libraries['openblas-pthread'];
    if (!existsSync(file)) return;
    const found = blasOf({ HEDDLE_BLAS: file });
    const sve = 0;
    const told = native.blas.chooseCore(here, sve, found.architecture);
    expect(told).toBeNull();
    expect(['library', 'features']).toContain(found.chosenBy);
  });

  it('that is no OpenBLAS tells nobody', () => {
    const [, file] = libraries['reference-blas'];
    if (existsSync(file)) expect(blasOf({ HEDDLE_BLAS: file }).chosenBy).toBe('');
  });
});
