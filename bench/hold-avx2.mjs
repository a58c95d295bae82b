// Holds this process, the rivals in it included, to AVX2: see hold-avx2.c. Before anything that asks the CPU is loaded.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export function holdAvx2() {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'hold-avx2.node');
  const source = fileURLToPath(new URL('hold-avx2.c', import.meta.url));
  execFileSync('cc', ['-O2', '-shared', '-fPIC', source, '-o', path], { stdio: 'inherit' });
  process.dlopen({ exports: {} }, path);
}
