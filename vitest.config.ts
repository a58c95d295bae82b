import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process per file: an addon that dies takes one file with it, and the environment of one test is not another's.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The package is tested as it is shipped: Node loads dist, nothing transforms it.
    server: { deps: { external: [/\/dist\//] } },
  },
});
