#!/usr/bin/env node
// Runs all tests and says at the end what was left out and `N passed, N failed, N skipped`, all runners together: vitest,
// and with NEOCOG_TEST_NEON=1 the op tables on arm64 under emulation. Arguments go to vitest:
// `node scripts/test.mjs test/ops -t conv2d`. Exit code 1 when anything failed or nothing ran.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { bin, root } from './tools.mjs';

const folder = mkdtempSync(join(tmpdir(), 'neocog-test-'));
const report = join(folder, 'report.json');

function runVitest() {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const done = spawnSync(process.execPath, [bin('vitest'), 'run', ...reporters, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  try {
    return { status: done.status, results: JSON.parse(readFileSync(report, 'utf8')).testResults };
  } catch {
    return { status: done.status, results: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that fails before its first test has none to count: it counts as one failure. */
function count(results) {
  const tests = results.flatMap(({ assertionResults }) => assertionResults);
  const of = (...states) => tests.filter(({ status }) => states.includes(status));
  const broken = results.filter((file) => file.status === 'failed' && !file.assertionResults.some(isFailed));
  const skipped = of('pending', 'skipped', 'todo', 'disabled');
  return { passed: of('passed').length, failed: of('failed').length + broken.length, skipped, broken };
}

function isFailed({ status }) {
  return status === 'failed';
}

/** Skipped tests by name; a group that was skipped as a whole on one line. */
function listSkipped(skipped) {
  for (const [group, tests] of groupBy(skipped)) {
    const [first] = tests;
    console.log(`skipped: ${tests.length === 1 ? first.fullName : `${group} (${tests.length} tests)`}`);
  }
}

function groupOf({ ancestorTitles, fullName }) {
  return ancestorTitles.length > 0 ? ancestorTitles.join(' ') : fullName;
}

function groupBy(tests) {
  const groups = new Map();
  for (const test of tests) groups.set(groupOf(test), [...(groups.get(groupOf(test)) ?? []), test]);
  return groups;
}

/** Counts of scripts/neon.mjs; when it ends without any, that is one failure. */
function runNeon() {
  if (process.env.NEOCOG_TEST_NEON !== '1') return { passed: 0, failed: 0 };
  console.log('arm64 under emulation:');
  const stdio = ['ignore', 'pipe', 'inherit'];
  const done = spawnSync(process.execPath, [join(root, 'scripts/neon.mjs')], { encoding: 'utf8', stdio });
  process.stdout.write(done.stdout.replace(/^(?=.)/gm, '  '));
  const [, passed = 0, failed = 1] = /(\d+) passed, (\d+) failed\n$/.exec(done.stdout) ?? [];
  return { passed: Number(passed), failed: Math.max(Number(failed), done.status === 0 ? 0 : 1) };
}

const { status, results } = runVitest();
const { passed, failed, skipped, broken } = count(results);
const neon = runNeon();
listSkipped(skipped);
for (const file of broken) console.log(`failed before its first test: ${relative(root, file.name)}`);
// vitest also fails for errors outside of tests: a test process that died, an unhandled rejection. One more failure.
const outside = status !== 0 && failed === 0 ? 1 : 0;
if (outside) console.log(`failed outside of a test: vitest ended with ${status}, see above`);
const all = { passed: passed + neon.passed, failed: failed + outside + neon.failed };
console.log(
  `${all.passed} passed, ${all.failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`,
);
process.exitCode = all.failed === 0 && passed > 0 ? 0 : 1;
