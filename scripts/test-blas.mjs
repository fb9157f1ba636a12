/**
 * Runs the tests of linear algebra with each BLAS of Debian, and the numeric ones with OpenBLAS's
 * kernels for each kind of processor that this one can run: `npm run test:blas [-- NAME…]`, where a
 * name is that of a library or of a kernel.
 *
 * A library that is not installed is left out with a word; in CI it is a failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const libraries = [
  {
    name: 'openblas-pthread',
    file: 'openblas-pthread/libopenblas.so.0',
    is: 'openblas',
    from: 'libopenblas0-pthread',
  },
  {
    name: 'openblas-openmp',
    file: 'openblas-openmp/libopenblas.so.0',
    is: 'openblas',
    from: 'libopenblas0-openmp',
  },
  {
    name: 'openblas-serial',
    file: 'openblas-serial/libopenblas.so.0',
    is: 'openblas',
    from: 'libopenblas0-serial',
  },
  {
    name: 'openblas-ilp64', // 64-bit integers, under the names of 32-bit ones
    file: 'openblas64-pthread/libopenblas64.so.0',
    is: 'openblas',
    from: 'libopenblas64-0-pthread',
  },
  { name: 'blis', file: 'blis-pthread/libblas.so.3', is: 'blis', from: 'libblis4-pthread' },
  { name: 'reference', file: 'blas/libblas.so.3', is: 'reference', from: 'libblas3 liblapack3' },
];

/**
 * OpenBLAS's kernels by `OPENBLAS_CORETYPE`, with what they need of the processor (as /proc/cpuinfo
 * has it). One for each set of instructions: others differ in the sizes of their blocks alone.
 */
const kernels = [
  { name: 'Prescott', needs: ['pni'] },
  { name: 'Nehalem', needs: ['sse4_2'] },
  { name: 'Sandybridge', needs: ['avx'] },
  { name: 'Haswell', needs: ['avx2', 'fma'] },
  { name: 'Zen', needs: ['avx2', 'fma'] },
  { name: 'SkylakeX', needs: ['avx512f', 'avx512dq', 'avx512bw', 'avx512vl', 'avx512cd'] },
  { name: 'Cooperlake', needs: ['avx512f', 'avx512_bf16'] },
];

const wanted = process.argv.slice(2);
const names = [...libraries, ...kernels].map((one) => one.name);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`no BLAS or kernel '${unknown.join("', '")}'; there are: ${names.join(', ')}`);
  process.exit(2);
}
const isWanted = (name) => wanted.length === 0 || wanted.includes(name);

/**
 * Runs test files; whether they passed. Those of stacks in vector lanes are left out: these are code of
 * our own, which `npm test` has run with each set of instructions; what of a stack goes to LAPACK is in others.
 */
function passes(files, env) {
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=dot',
      '--exclude=test/linalg/lane*.test.ts',
      ...files,
    ],
    { stdio: 'inherit', env: { ...process.env, ...env } },
  );
  return status === 0;
}

/** Debian's folder of this architecture. */
const root = readdirSync('/usr/lib')
  .filter((name) => name.endsWith('-linux-gnu'))
  .map((name) => path.join('/usr/lib', name))
  .find((folder) => libraries.some((library) => existsSync(path.join(folder, library.file))));

const failed = [];
for (const library of libraries) {
  if (!isWanted(library.name)) continue;
  const file = path.join(root ?? '/usr/lib', library.file);
  if (!existsSync(file)) {
    console.log(`${library.name}: not installed (apt-get install ${library.from})`);
    if (process.env.CI) failed.push(library.name);
    continue;
  }
  console.log(`${library.name}: ${file}`);
  if (!passes(['test/linalg'], { HEDDLE_BLAS: file, HEDDLE_TEST_BLAS: library.is })) {
    failed.push(library.name);
  }
}

/** What the processor can do; nothing where that is not said (other systems than Linux on x86). */
function processorFlags() {
  if (process.arch !== 'x64' || !existsSync('/proc/cpuinfo')) return new Set();
  const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  return new Set(line.trim().split(/\s+/));
}

/** The kernels that a BLAS really takes: one that knows no such name takes its own choice. */
function architectureWith(env) {
  const program =
    "const { createRequire } = require('node:module');" +
    "const addon = createRequire(process.cwd() + '/x.js')('node-gyp-build')(process.cwd());" +
    'console.log(addon.blas.info().architecture);';
  const { stdout } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return stdout.trim();
}

const flags = processorFlags();
for (const { name, needs } of kernels) {
  if (!isWanted(name)) continue;
  const missing = needs.filter((flag) => !flags.has(flag));
  const env = { OPENBLAS_CORETYPE: name };
  if (missing.length > 0) {
    console.log(`kernels of ${name}: not for this processor (it lacks ${missing.join(', ')})`);
  } else if (architectureWith(env).toLowerCase() !== name.toLowerCase()) {
    console.log(`kernels of ${name}: not in this OpenBLAS`);
  } else {
    console.log(`kernels of ${name}`);
    const few = { ...env, HEDDLE_TEST_CASES: process.env.HEDDLE_TEST_CASES ?? '12' };
    if (!passes(['test/linalg', 'test/neighbors/argkmin.test.ts'], few)) failed.push(name);
  }
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exit(1);
}
