#!/usr/bin/env node
// Reports the newest GLIBC symbol version that a Linux addon needs: glibc.mjs FILE [--max 2.28]. Fails above --max,
// and whenever libstdc++ is needed, which is linked in.
import { execFileSync } from 'node:child_process';

const [file, flag, max] = process.argv.slice(2);
if (!file || (flag !== undefined && (flag !== '--max' || !/^\d+\.\d+$/.test(max ?? '')))) {
  console.error('usage: glibc.mjs FILE [--max VERSION]');
  process.exit(2);
}
const symbols = execFileSync('objdump', ['-T', file], { encoding: 'utf8' });
const newer = (a, b) => a.localeCompare(b, 'en', { numeric: true }) > 0;
let newest = '0';
for (const [, version] of symbols.matchAll(/\bGLIBC_(\d+(?:\.\d+)+)/g))
  if (newer(version, newest)) newest = version;
console.log(`${file}: newest symbol version GLIBC_${newest}`);
if (/\b(GLIBCXX|CXXABI)_/.test(symbols)) {
  console.error(`${file}: needs libstdc++, which should be linked in`);
  process.exit(1);
}
if (max && newer(newest, max)) {
  console.error(`${file}: expected nothing newer than GLIBC_${max}`);
  process.exit(1);
}
