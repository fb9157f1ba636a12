import { configDefaults, defineConfig } from 'vitest/config';
import { leftOut } from './test/helpers/debian.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
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
