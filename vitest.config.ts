import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
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
