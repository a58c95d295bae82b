// Compiles openblas.c where a C compiler and the library (Debian: libopenblas-dev) are, and finds its best kernels.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { duel, program } from './measure.mjs';

/** Kernel sets that a distribution's OpenBLAS may not choose by itself on a CPU newer than it. */
const candidates = ['Haswell', 'Zen', 'SkylakeX', 'Cooperlake', 'Sapphirerapids'];

function compile() {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'openblas');
  const source = fileURLToPath(new URL('openblas.c', import.meta.url));
  const includes = [
    '-I/usr/include/x86_64-linux-gnu',
    '-I/usr/include/aarch64-linux-gnu',
    '-I/usr/include/openblas',
  ];
  execFileSync('cc', ['-O2', ...includes, source, '-lopenblas', '-o', path], { stdio: 'pipe' });
  return path;
}

/** { path, coreTypes, note }: the program, and '' plus the fastest OPENBLAS_CORETYPE where that beats its own choice. */
export async function openblas() {
  let path;
  try {
    path = compile();
  } catch {
    return { path: '', coreTypes: [], note: 'OpenBLAS was left out: it needs cc and libopenblas-dev.' };
  }
  const runnable = candidates.filter((type) => {
    try {
      const env = { ...process.env, OPENBLAS_CORETYPE: type, OPENBLAS_NUM_THREADS: '1' };
      execFileSync(path, ['64'], { env, input: '1\n', stdio: ['pipe', 'pipe', 'ignore'] });
      return true;
    } catch {
      return false;
    }
  });
  const types = ['', ...runnable];
  const results = await duel(
    types.map((type) =>
      program(type, path, ['512'], { OPENBLAS_NUM_THREADS: '1', ...(type && { OPENBLAS_CORETYPE: type }) }),
    ),
    { rounds: 2, milliseconds: 30 },
  );
  const best = results.reduce((a, b) => (b.min < a.min ? b : a));
  const useful = best.min < 0.98 * results[0].min;
  return {
    path,
    coreTypes: useful ? ['', best.name] : [''],
    note: `OpenBLAS core types tried on 512^3, one thread (ms): ${results.map((r) => `${r.name || 'own choice'} ${r.min.toFixed(2)}`).join(', ')}.`,
  };
}
