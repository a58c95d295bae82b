// ops.matMul beside Debian's OpenBLAS, square matrices, one and two threads.
import { ops, tensor } from '../dist/index.js';
import { addon } from './engine.mjs';
import { duel, nodeProcess, program } from './measure.mjs';
import { noisy } from './models.mjs';
import { openblas } from './openblas.mjs';
import { table } from './report.mjs';

export const title = 'Matrix product: ops.matMul and OpenBLAS';

/** Runs in a process of its own, where the environment sets the threads. */
export function neocog(n) {
  const [a, b] = [noisy([n, n], 1), noisy([n, n], 2)];
  const out = tensor(new Float32Array(n * n), [n, n]);
  return () => ops.matMul(a, b, { out });
}

export async function run() {
  if (addon() === undefined) return 'left out: the native addon is absent';
  const rival = await openblas();
  const rows = [];
  for (const n of [512, 1024]) {
    for (const threads of [1, 2]) {
      const contestants = [
        nodeProcess('neocog', {
          module: './matmul.mjs',
          factory: 'neocog',
          args: [n],
          env: { NEOCOG_THREADS: String(threads) },
        }),
        ...rival.coreTypes.map((type) => {
          const env = { OPENBLAS_NUM_THREADS: String(threads), ...(type && { OPENBLAS_CORETYPE: type }) };
          return program(`OpenBLAS${type ? ` as ${type}` : ''}`, rival.path, [String(n)], env);
        }),
      ];
      // OpenBLAS' threads spin for a while after a product.
      const results = await duel(contestants, { rounds: 5, milliseconds: 60, pause: threads > 1 ? 100 : 0 });
      for (const { name, min, median } of results) {
        const rate = (ms) => (2 * n ** 3) / ms / 1e6;
        rows.push([`${n}^3`, threads, name, min, median, rate(min), rate(median), results[0].min / min]);
      }
    }
  }
  const columns = [
    'size',
    'threads',
    'engine',
    'min ms',
    'median ms',
    'best GFLOP/s',
    'median GFLOP/s',
    'speed / neocog',
  ];
  return `${table(columns, rows)}\n${rival.note}`;
}
