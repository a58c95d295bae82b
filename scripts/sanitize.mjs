#!/usr/bin/env node
// Runs native tests with the addon built under sanitizers: sanitize.mjs address | thread [test files...].
// The sanitizer's library is loaded first (LD_PRELOAD), since Node itself is not built with it. GCC on Linux.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bin, root } from './tools.mjs';

const kinds = {
  // Leaks that Node leaves at its exit are not ours; the memory tests watch over ours.
  address: {
    sanitize: 'address,undefined',
    library: 'libasan.so',
    env: { ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1' },
  },
  // Node itself is not instrumented, and its own synchronisation is invisible to the sanitizer.
  thread: {
    sanitize: 'thread',
    library: 'libtsan.so',
    env: { TSAN_OPTIONS: 'halt_on_error=1:ignore_noninstrumented_modules=1' },
  },
};

const [name, ...files] = process.argv.slice(2);
if (!Object.hasOwn(kinds, name ?? '')) {
  console.error('usage: sanitize.mjs address|thread [test files...]');
  process.exit(2);
}
const { sanitize, library, env } = kinds[name];
const tests =
  files.length > 0
    ? files
    : ['test/ops', 'test/engines.test.ts', 'test/predict.test.ts', 'test/worker.test.ts'];

const folder = join(root, 'build', name);
const build = ['build', '--out', join(folder, 'build/Release'), '--log-level', 'error', '--parallel', '2'];
const built = spawnSync(process.execPath, [bin('cmake-js'), ...build, `--CDNEOCOG_SANITIZE=${sanitize}`], {
  cwd: root,
  stdio: 'inherit',
});
if (built.status !== 0) process.exit(1);

const preload = execFileSync('g++', [`-print-file-name=${library}`], { encoding: 'utf8' }).trim();
const done = spawnSync(
  process.execPath,
  [bin('vitest'), 'run', ...tests, '--testTimeout=600000', '--maxWorkers=1'],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env, LD_PRELOAD: preload, NEOCOG_PREBUILD: folder, NEOCOG_REQUIRE_NATIVE: '1' },
  },
);
process.exit(done.status ?? 1);
