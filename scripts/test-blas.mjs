/**
 * Runs the tests of linear algebra with each BLAS of Debian: `npm run test:blas [-- NAME…]`.
 *
 * A library that is not installed is left out with a word; in CI it is a failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
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

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !libraries.some((library) => library.name === name));
if (unknown.length > 0) {
  console.error(
    `no BLAS '${unknown.join("', '")}'; there are: ${libraries.map((one) => one.name).join(', ')}`,
  );
  process.exit(2);
}

/** Debian's folder of this architecture. */
const root = readdirSync('/usr/lib')
  .filter((name) => name.endsWith('-linux-gnu'))
  .map((name) => path.join('/usr/lib', name))
  .find((folder) => libraries.some((library) => existsSync(path.join(folder, library.file))));

const failed = [];
for (const library of libraries) {
  if (wanted.length > 0 && !wanted.includes(library.name)) continue;
  const file = path.join(root ?? '/usr/lib', library.file);
  if (!existsSync(file)) {
    console.log(`${library.name}: not installed (apt-get install ${library.from})`);
    if (process.env.CI) failed.push(library.name);
    continue;
  }
  console.log(`${library.name}: ${file}`);
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot', 'test/linalg'],
    {
      stdio: 'inherit',
      env: { ...process.env, HEDDLE_BLAS: file, HEDDLE_TEST_BLAS: library.is },
    },
  );
  if (status !== 0) failed.push(library.name);
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exit(1);
}
