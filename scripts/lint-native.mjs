// Checks the layout of the C++ files with clang-format and, with --tidy, their code with clang-tidy.
//
//   node scripts/lint-native.mjs [--fix] [--tidy]
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({ options: { fix: { type: 'boolean' }, tidy: { type: 'boolean' } } });

/** The first of the names that runs: Debian ships versioned names only. */
function tool(...names) {
  const found = names.find((name) => spawnSync(name, ['--version']).status === 0);
  if (!found) {
    console.error(`${names[0]} was not found (Debian: apt-get install ${names.at(-1)})`);
    process.exit(1);
  }
  return found;
}

const files = readdirSync(path.join(root, 'native'), { recursive: true })
  .filter((name) => /\.(cpp|h)$/.test(name))
  .map((name) => path.join('native', name))
  .sort();

const format = tool('clang-format', 'clang-format-14');
execFileSync(format, [values.fix ? '-i' : '--dry-run', '--Werror', ...files], {
  cwd: root,
  stdio: 'inherit',
});

if (values.tidy) {
  if (!existsSync(path.join(root, 'build/cmake/compile_commands.json'))) {
    console.error('clang-tidy needs the compile commands: run `npm run build:native` first');
    process.exit(1);
  }
  const tidy = tool('clang-tidy', 'clang-tidy-14');
  // The OpenMP runtime is compiled by g++ alone: clang has no omp.h without its own runtime.
  const waiting = files
    .filter((name) => name.endsWith('.cpp') && !name.includes('openmp/runtime'))
    // Those with the most templates take half a minute each: they should not come last.
    .sort((one, other) => Number(other.includes('linalg')) - Number(one.includes('linalg')));
  let found = 0;
  const check = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      try {
        await promisify(execFile)(tidy, ['-p', 'build/cmake', '--quiet', file], { cwd: root });
      } catch (error) {
        found++;
        console.error(`${file}:\n${error.stdout ?? ''}${error.stdout ? '' : error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, check));
  if (found > 0) {
    console.error(`clang-tidy found something in ${found} files`);
    process.exit(1);
  }
}
