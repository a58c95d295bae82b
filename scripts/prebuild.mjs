#!/usr/bin/env node
// Makes prebuilds/<platform>-<arch>/neocog.<libc>.node for this machine. Other arguments go to prebuildify, so that
// `npm run prebuilds -- --arch arm64` cross-builds (CXX names the compiler; on Debian g++-aarch64-linux-gnu is found).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bin, findProgram, root } from './tools.mjs';

const args = process.argv.slice(2);
const arch = args.includes('--arch') ? args[args.indexOf('--arch') + 1] : process.arch;
const env = { ...process.env };

// node-gyp wants the headers of a Node installation, though nothing here includes them: the ones beside this Node
// keep it from downloading any.
const nodeFolder = dirname(dirname(process.execPath));
if (!env.npm_config_nodedir && existsSync(join(nodeFolder, 'include/node/node.h')))
  env.npm_config_nodedir = nodeFolder;

if (process.platform === 'linux' && process.arch === 'x64' && arch === 'arm64') {
  env.CXX ??= findProgram('aarch64-linux-gnu-g++');
  env.PREBUILD_STRIP_BIN ??= 'aarch64-linux-gnu-strip';
  if (!env.CXX)
    throw new Error('an arm64 build needs a cross compiler: install g++-aarch64-linux-gnu or set CXX');
}

const options = ['--cwd', 'native/gyp', '--out', root, '--name', 'neocog', '--napi', '--strip', '--tag-libc'];
const done = spawnSync(process.execPath, [bin('prebuildify'), ...options, ...args], {
  cwd: root,
  env,
  stdio: 'inherit',
});
if (done.status !== 0) process.exit(done.status ?? 1);

if (process.platform === 'linux') {
  const folder = join(root, 'prebuilds', `linux-${arch}`);
  for (const file of readdirSync(folder)) {
    const limit = env.NEOCOG_MAX_GLIBC && file.includes('glibc') ? ['--max', env.NEOCOG_MAX_GLIBC] : [];
    const check = spawnSync(
      process.execPath,
      [join(root, 'scripts/glibc.mjs'), join(folder, file), ...limit],
      { stdio: 'inherit' },
    );
    if (check.status !== 0) process.exit(1);
  }
}
