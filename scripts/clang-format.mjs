#!/usr/bin/env node
// Formats the C++ files (or, with --check, fails if one is not formatted). clang-format comes from the system.
import { execFileSync, spawnSync } from 'node:child_process';
import { findProgram, root } from './tools.mjs';

const program = findProgram('clang-format');
if (!program) {
  console.error('clang-format: not found on PATH; install it (Debian: apt-get install clang-format)');
  process.exit(1);
}
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.cc', '*.h'], {
  cwd: root,
  encoding: 'utf8',
});
const args = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
const done = spawnSync(program, [...args, ...files.trim().split('\n')], { cwd: root, stdio: 'inherit' });
process.exit(done.status ?? 1);
