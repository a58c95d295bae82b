// npm run bench [-- names]: measures neocog beside its rivals and prints tables for docs/benchmarks.md.
import { existsSync } from 'node:fs';

const scenarios = ['kernels', 'matmul', 'lenet', 'js', 'import', 'load'];
const names = process.argv.slice(2);
const unknown = names.filter((name) => !scenarios.includes(name));

if (unknown.length > 0) {
  console.error(`bench: expected names among ${scenarios.join(', ')}, got ${unknown.join(', ')}`);
  process.exitCode = 2;
} else if (!existsSync(new URL('../dist/index.js', import.meta.url))) {
  console.error('bench: the package is not built; run: npm run build');
  process.exitCode = 1;
} else if (!existsSync(new URL('node_modules/onnxruntime-node', import.meta.url))) {
  console.error('bench: the rivals are not installed; run: npm ci --ignore-scripts --prefix bench');
  process.exitCode = 1;
} else {
  const { header } = await import('./report.mjs');
  console.log(header(names));
  for (const name of names.length > 0 ? names : scenarios) {
    const { title, run } = await import(`./${name}.mjs`);
    console.log(`\n## ${title}\n`);
    console.log(await run());
  }
}
