import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backend, layers, sequential } from 'neocog';
import { expect, test } from 'vitest';
import { runModule } from './support/child.js';
import { root } from './support/paths.js';

test('the package exports what its papers say, to import and to require', async () => {
  const script = `
import { createRequire } from 'node:module';
const names = Object.keys(await import('neocog')).sort();
const [major, minor] = process.versions.node.split('.').map(Number);
const requires = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
const required = requires ? Object.keys(createRequire(import.meta.url)('neocog')).sort() : names;
console.log(JSON.stringify({ names, required }));
`;
  const { stdout, stderr } = await runModule(script, { cwd: root });
  const { names, required } = JSON.parse(stdout);
  const errors = ['BackendError', 'ModelFileError', 'NeocogError', 'OptionError', 'ShapeError'];
  const face = [
    'backend',
    'input',
    'layers',
    'load',
    'loadOnnx',
    'loadTfjs',
    'model',
    'ops',
    'saveOnnx',
    'sequential',
    'tensor',
    'zoo',
  ];
  expect(names).toEqual([...errors, ...face]);
  expect(
    required.filter(
      (name: string) => name !== 'default' && name !== '__esModule' && name !== 'module.exports',
    ),
  ).toEqual(names);
  expect(stderr.replace(/.*ExperimentalWarning.*\n|.*trace-warnings.*\n/g, '')).toBe('');
});

test('the types compile without any setting of the user, and without the types of Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'neocog-types-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/neocog'));
    const file = join(folder, 'user.ts');
    const lines = [
      "import { layers, sequential, tensor } from 'neocog';",
      "const net = sequential({ layers: [layers.dense({ inputShape: [2], units: 1, activation: 'relu' })] });",
      'const y: Float32Array = net.predictSync(tensor(new Float32Array(2), [1, 2])).data;',
      'console.log(y.length);',
    ];
    writeFileSync(file, lines.join('\n'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--moduleResolution', 'nodenext'];
    const done = spawnSync(process.execPath, [tsc, ...options, '--preserveSymlinks', file], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(done.stdout).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an instruction set is asked of the native engine, and of no other', () => {
  const net = (options: object) => () =>
    sequential({ layers: [layers.relu({ inputShape: [2] })], ...options }).backend;
  expect(net({ backend: 'js', isa: 'scalar' })).toThrow(/expected no isa for the js backend, got "scalar"/);
  if (backend().name === 'native') expect(net({ isa: 'scalar' })().isa).toBe('scalar');
  else expect(net({ isa: 'scalar' })).toThrow(/is not available/);
});

test('a time of day is a good seed', () => {
  const kernel = (seed: number) =>
    sequential({ layers: [layers.dense({ inputShape: [3], units: 2 })], seed }).getWeights()[0]?.data;
  expect(kernel(1_790_000_000_000)).toEqual(kernel(1_790_000_000_000));
  expect(kernel(1_790_000_000_000)).not.toEqual(kernel(1_790_000_000_001));
  expect(() => kernel(-1)).toThrow(/seed/);
});
