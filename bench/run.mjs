// npm run bench [-- names] [--nets a,b] [--threads n] [--batch n] [--isa name] [--seconds n] [--hold-avx2]: measures neocog
// beside its rivals and prints tables for docs/benchmarks.md. The options choose among the rows of `nets`, `layers` and
// `load`; --hold-avx2 makes all engines of this process believe in a CPU without AVX-512 (Linux on x86-64, needs cc).
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

const scenarios = [
  'kernels',
  'matmul',
  'lenet',
  'nets',
  'layers',
  'scaling',
  'accuracy',
  'js',
  'import',
  'load',
  'event-loop',
  'serving',
  'overload',
  'soak',
];
const string = { type: 'string' };
const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    nets: string,
    threads: string,
    batch: string,
    isa: string,
    seconds: string,
    'hold-avx2': { type: 'boolean' },
  },
});
const unknown = names.filter((name) => !scenarios.includes(name));
const number = (text) => (text === undefined ? undefined : Number(text));
const choice = {
  nets: values.nets?.split(','),
  threads: number(values.threads),
  batch: number(values.batch),
  isa: values.isa,
  seconds: number(values.seconds),
};

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
  if (values['hold-avx2']) (await import('./hold-avx2.mjs')).holdAvx2();
  const { header } = await import('./report.mjs');
  console.log(header(process.argv.slice(2)));
  for (const name of names.length > 0 ? names : scenarios) {
    const { title, run } = await import(`./${name}.mjs`);
    console.log(`\n## ${title}\n`);
    console.log(await run(choice));
  }
}
