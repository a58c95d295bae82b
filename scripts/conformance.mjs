#!/usr/bin/env node
// Runs ONNX's own tests on both backends and writes docs/conformance.md: what passed, and what was left out and why.
// Needs the data of Debian's package libonnx-testdata; `npm run build` comes first. Exit code 1 when anything failed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bin, root } from './tools.mjs';

/** What test/onnx/conformance.test.ts found: `{ suite, name, operators, skipped?, passed }` per model. */
function outcomes() {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-conformance-'));
  const report = join(folder, 'report.json');
  try {
    const done = spawnSync(process.execPath, [bin('vitest'), 'run', 'test/onnx/conformance.test.ts'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      // As in continuous integration: without the data it is an error.
      env: { ...process.env, CI: 'true', NEOCOG_CONFORMANCE_REPORT: report },
    });
    if (done.status !== 0) {
      process.stdout.write(done.stdout);
      process.stderr.write(done.stderr);
      process.exitCode = 1;
    }
    return JSON.parse(readFileSync(report, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function grouped(items, keysOf) {
  const groups = new Map();
  for (const item of items)
    for (const key of keysOf(item)) groups.set(key, [...(groups.get(key) ?? []), item]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const isPassed = ({ passed }) => passed.length === 2;
const isFailed = (item) => item.skipped === undefined && !isPassed(item);
const counts = (items) => [
  items.length,
  items.filter(isPassed).length,
  items.filter(isFailed).length,
  items.filter(({ skipped }) => skipped !== undefined).length,
];

function reasons(items) {
  const skipped = items.filter((item) => item.skipped !== undefined);
  return grouped(skipped, (item) => [item.skipped])
    .map(([reason, group]) => `${group.length} ${reason}`)
    .join('; ');
}

function document(all) {
  const suites = grouped(all, ({ suite }) => [suite]);
  const parts = [
    '# ONNX conformance',
    `What the tests of the ONNX project itself say about \`loadOnnx\`, on the native and on the TypeScript backend. Written by
\`node scripts/conformance.mjs\`; the same models run in \`npm test\` (\`test/onnx/conformance.test.ts\`) and a failure there is a
failure of the build. The data are those of Debian's package \`libonnx-testdata\`; with \`NEOCOG_ONNX_DATA=folder\` the test
runs those of another release of ONNX.

A model passes if every output has the expected shape and data type and |a - b| <= 1e-7 + 1e-3 |b|, the bound of ONNX's own
runner, on both backends. What is skipped is decided by the model's file and data (\`test/support/onnx-skip.ts\`), never by
the name of a test, and every skipped model is refused with an error that says why.`,
    table(
      ['suite', 'models', 'passed', 'failed', 'skipped'],
      suites.map(([suite, items]) => [suite, ...counts(items)]),
    ),
    '## What is skipped',
    table(
      ['reason', 'models'],
      grouped(
        all.filter(({ skipped }) => skipped !== undefined),
        ({ skipped }) => [skipped],
      ).map(([reason, items]) => [reason, items.length]),
    ),
  ];
  for (const [suite, items] of suites) {
    parts.push(`## ${suite}`, 'A model counts for each of its operators.');
    const rows = grouped(items, ({ operators }) =>
      operators.length > 0 ? operators : ['(none of ONNX itself)'],
    );
    parts.push(
      table(
        ['operator', 'passed', 'skipped'],
        rows.map(([operator, group]) => [operator, group.filter(isPassed).length, reasons(group)]),
      ),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

writeFileSync(join(root, 'docs', 'conformance.md'), document(outcomes()));
