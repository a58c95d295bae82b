#!/usr/bin/env node
// Builds dist/ (TypeScript) and build/Release/neocog.node (C++). Without a C++ compiler or cmake the package works in
// pure TypeScript, so their absence is a notice; a compiler that fails is an error. NEOCOG_REQUIRE_NATIVE=1 makes the
// absence an error too. Options: --quiet (one line per problem only).
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { rolldown } from 'rolldown';
import { bin, findProgram, root } from './tools.mjs';

const quiet = process.argv.includes('--quiet');

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

/** Runs a tool of node_modules; its output is shown when it fails, or always unless --quiet. */
function run(name, args) {
  const done = spawnSync(process.execPath, [bin(name), ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: quiet ? 'pipe' : ['ignore', 'inherit', 'inherit'],
  });
  if (done.status === 0) return;
  process.stdout.write(done.stdout ?? '');
  process.stderr.write(done.stderr ?? '');
  fail(`${name} failed${done.error ? `: ${done.error.message}` : ''}`);
}

function missingTool() {
  if (!findProgram('cmake')) return 'cmake';
  if (process.platform === 'win32') return undefined; // CMake finds Visual Studio by itself.
  const compilers = process.env.CXX ? [process.env.CXX.split(' ')[0]] : ['c++', 'g++', 'clang++'];
  return compilers.some(findProgram) ? undefined : 'a C++ compiler';
}

run('tsc', ['-p', '.']);
const peers = Object.keys(JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).peerDependencies);
// One file for `import 'neocog'`, behind a list of what is public: to open and link some eighty modules takes longer than
// all that they do at import. What is imported only when it is used has files of its own, and so has what only the server
// needs. Names stay readable in stack traces.
// Those of an earlier build may have other names, and everything in dist is shipped.
for (const file of readdirSync(`${root}/dist`)) {
  if (/^neocog(-.*)?\.js$/.test(file)) rmSync(`${root}/dist/${file}`);
}
const bundle = await rolldown({
  input: { neocog: `${root}/dist/index.js`, 'neocog-serve': `${root}/dist/serving.js` },
  platform: 'node',
  logLevel: 'warn',
  external: peers,
});
const servers = /\/dist\/(serving|serve|images|jobs)(\/|\.js$)/;
await bundle.write({
  dir: `${root}/dist`,
  entryFileNames: '[name].js',
  chunkFileNames: 'neocog-[name].js',
  codeSplitting: { groups: [{ name: 'core', tags: ['$initial'], test: (id) => !servers.test(id) }] },
  minify: { mangle: false },
});
chmodSync(`${root}/dist/cli/main.js`, 0o755);
// The server's page is sent as it was written.
rmSync(`${root}/dist/serve/page`, { recursive: true, force: true });
cpSync(`${root}/lib/serve/page`, `${root}/dist/serve/page`, { recursive: true });

const missing = missingTool();
if (missing === undefined) {
  run('cmake-js', [
    'build',
    '--parallel',
    String(availableParallelism()),
    '--log-level',
    quiet ? 'error' : 'info',
  ]);
} else if (process.env.NEOCOG_REQUIRE_NATIVE === '1') {
  fail(`${missing} was not found, and NEOCOG_REQUIRE_NATIVE=1 asks for the native addon`);
} else {
  console.error(
    `build: ${missing} was not found: the native addon is not built, the TypeScript engine will be used`,
  );
}
