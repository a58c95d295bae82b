import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A process per file: an addon that dies takes one file with it, and the environment of one test is not another's.
    pool: 'forks',
    testTimeout: 60_000,
    // The package is tested as it is shipped: Node loads dist, nothing transforms it.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      {
        extends: true,
        test: { name: 'tests', include: ['test/**/*.test.ts'], exclude: ['test/alone/**'], maxWorkers: 2 },
      },
      // What measures time runs when all others are done, one file after the other.
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['test/alone/**/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
