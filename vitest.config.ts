import { readdirSync, readFileSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';
import { leftOut } from './test/helpers/debian.ts';
import { chosenSeeds } from './test/helpers/seed-choice.ts';

const asked = process.env.HEDDLE_TESTS_SEED;
const seeds = chosenSeeds(asked);
if (asked === 'any') console.log(`HEDDLE_TESTS_SEED=${seeds[0]}`);
// The suites read it; where there are several, each project is given its own.
if (seeds.length === 1) process.env.HEDDLE_TESTS_SEED = String(seeds[0]);

/** The suites that draw: those that import the seed. */
function drawing(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name}`)
    .filter((file) => /\/seeds\.ts'/.test(readFileSync(file, 'utf8')));
}

/** With several seeds, the suites that draw run once with each. */
const perSeed =
  seeds.length === 1
    ? { include: ['test/**/*.test.ts'] }
    : {
        projects: seeds.map((seed) => ({
          extends: true as const,
          test: {
            name: `seed ${seed}`,
            include: drawing(),
            env: { HEDDLE_TESTS_SEED: String(seed) },
          },
        })),
      };

export default defineConfig({
  test: {
    ...perSeed,
    // What a newcomer's machine has no libraries for; nothing in CI.
    exclude: [...configDefaults.exclude, ...leftOut().files],
    globalSetup: ['test/helpers/left-out.ts'],
    // Each file in a process of its own: the addon's statics are per process, and tests of
    // thread counts must not see those of another file.
    pool: 'forks',
    // Tests measure thread counts and kill processes; on a small machine more than two
    // files at a time would only make them wait for each other.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    setupFiles: [],
  },
});
